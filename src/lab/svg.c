#include "lab/svg.h"

#include <math.h>

enum { WIDTH = 300, HEIGHT = 170, LEFT = 38, RIGHT = 8, TOP = 22, BOTTOM = 26, TICKS = 4 };

static double x_of(const struct svg_plot *plot, double at) {
    double first = plot->at[0];
    double last = plot->at[plot->points - 1];
    double share = last > first ? (at - first) / (last - first) : 0.5;
    return LEFT + share * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct svg_plot *plot, double value) {
    double share = fmin(1, fmax(0, value / plot->most));
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
}

static void print_axes(FILE *out, const struct svg_plot *plot) {
    for (int i = 0; i <= TICKS; i++) {
        double value = plot->most * i / TICKS;
        double y = y_of(plot, value);
        (void)fprintf(out, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT, WIDTH - RIGHT,
                      y, y);
        (void)fprintf(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.4g</text>", LEFT - 4, y + 3, value);
    }
    for (uint32_t i = 0; i < plot->points; i++)
        (void)fprintf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%g</text>", x_of(plot, plot->at[i]),
                      HEIGHT - BOTTOM + 12, plot->at[i]);
    (void)fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>", WIDTH - RIGHT, HEIGHT - 3,
                  plot->at_unit);
    (void)fprintf(out, "<text class=\"title\" x=\"2\" y=\"12\">%s</text>", plot->title);
    (void)fprintf(out, "<text x=\"%d\" y=\"12\" text-anchor=\"end\">%s</text>\n", WIDTH - RIGHT, plot->unit);
}

static void print_line(FILE *out, const struct svg_plot *plot, uint32_t number) {
    const struct svg_line *line = &plot->line[number];
    const char *command = "M";
    (void)fprintf(out, "<g class=\"s%u\"><title>%s</title><path d=\"", number, line->name);
    for (uint32_t i = 0; i < plot->points; i++) {
        if (isnan(line->values[i])) continue;
        (void)fprintf(out, "%s%.1f %.1f", command, x_of(plot, plot->at[i]), y_of(plot, line->values[i]));
        command = "L";
    }
    (void)fprintf(out, "\"/>");
    for (uint32_t i = 0; i < plot->points; i++) {
        if (isnan(line->values[i])) continue;
        (void)fprintf(out, "<circle%s cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"><title>%s, %g%s: %.4g</title></circle>",
                      line->values[i] > plot->most ? " class=\"off\"" : "", x_of(plot, plot->at[i]),
                      y_of(plot, line->values[i]), line->name, plot->at[i], plot->at_unit, line->values[i]);
    }
    (void)fprintf(out, "</g>\n");
}

void svg_print(FILE *out, const struct svg_plot *plot) {
    (void)fprintf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n", WIDTH, HEIGHT, plot->title);
    print_axes(out, plot);
    for (uint32_t i = 0; i < plot->lines; i++)
        if (plot->line[i].name != NULL) print_line(out, plot, i);
    (void)fprintf(out, "</svg>\n");
}
