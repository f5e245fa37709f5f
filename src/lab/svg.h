/* SVG: line plots for a page, drawn with its style sheet's colours, so that one page serves light and dark. */
#ifndef LAB_SVG_H
#define LAB_SVG_H

#include <stdint.h>
#include <stdio.h>

enum { SVG_LINES_MAX = 8, SVG_POINTS_MAX = 32 };

struct svg_line {
    const char *name; /* for the title that shows when the pointer rests on it, plain text; NULL: no line */
    double values[SVG_POINTS_MAX]; /* NAN: no point here */
};

struct svg_plot {
    const char *title; /* plain text */
    const char *unit;  /* of the values */
    uint32_t points;
    double at[SVG_POINTS_MAX]; /* ascending */
    const char *at_unit;
    uint32_t lines;
    struct svg_line line[SVG_LINES_MAX]; /* number i is drawn with class s<i> */
    double most;                         /* the top of the scale; values above it are drawn there, hollow */
};

void svg_print(FILE *out, const struct svg_plot *plot);

#endif
