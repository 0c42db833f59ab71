/* The answer of a gateway in plain words for whoever stands at the vehicle: what is wrong first, and what to
 * do about it. At most STATUS_COLUMNS columns wide; nothing but ASCII in English, but for names. */
#ifndef BUSWARDEN_STATUSTEXT_H
#define BUSWARDEN_STATUSTEXT_H

#include <jansson.h>
#include <stdio.h>

#include "proto/words.h"

enum { STATUS_COLUMNS = 80 };

/* `status` is what status_json() made, also of a gateway of another version: what is not there is not shown.
 * The caller asks the stream whether all was written. */
void status_print(const json_t *status, enum words_language language, FILE *out);

/* `text` after `head`, broken into lines that are indented by the head's width. */
void status_print_text(const char *head, const char *text, FILE *out);
/* Words of an alert's kind by its name in JSON ("OVERLOAD"). */
const char *status_kind(enum words_language language, const char *name);
/* Columns that UTF-8 text takes: two for each Chinese character. */
size_t status_columns(const char *text);

#endif
