/* Text for people: columns, bars, and nothing that could steer a terminal. */
#ifndef CMD_SCREEN_H
#define CMD_SCREEN_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { SCREEN_BAR_BYTES = 256 };

/* Replaces, in place, control characters and everything that is not UTF-8 by '?': what comes from a file, a peer or
 * another process is shown with this. */
void screen_clean(char *text);

/* A text of somebody else's in memory of the caller's, cut to fit and cleaned. Returns `buffer`. */
const char *screen_cleaned(const char *text, char *buffer, size_t bytes);

/* Characters of a UTF-8 text: what it takes in columns, but for wide and combining ones. */
size_t screen_columns(const char *text);

/* Prints a text and fills it up with spaces to `columns`; a longer one is cut off and ends in an ellipsis. */
void screen_print_cell(FILE *out, const char *text, size_t columns);

/* A share from 0 to 1 as a percentage, eight columns wide. Certainty is shown as such only when it is: 99.99999 % is
 * not 100 %. */
void screen_print_percent(FILE *out, double share);

/* A bar of `columns` (at most 40) for a share from 0 to 1, in eighths of a column. */
void screen_bar(double share, size_t columns, char ret_bar[SCREEN_BAR_BYTES]);

#endif
