/* A report as plain paragraphs, in the style of the county's yearly safety summary, to be pasted into it. */
#ifndef BUSWARDEN_REPORT_TEXT_H
#define BUSWARDEN_REPORT_TEXT_H

#include "bureau/report/figures.h"
#include "proto/words.h"

#include <stdio.h>

/* 0, or -EIO when `out` did not take it. */
int report_write_text(const struct report *report, enum words_language language, FILE *out);

/* --- what the workbook says in the same words --- */
enum { REPORT_TITLE_LEN = 320, REPORT_SPAN_LEN = 48 };
/* "天台县教育局校车安全管理情况". */
void report_title(const struct report *report, enum words_language language, char ret[REPORT_TITLE_LEN]);
/* "2026年2月23日至2026年7月10日". */
void report_period(const struct report *report, enum words_language language, char ret[REPORT_TITLE_LEN]);
/* Who made it, when (local time), and what it counts. */
void report_made(const struct report *report, enum words_language language, char ret[REPORT_TITLE_LEN]);
/* "不在登记册内" for the row of no school. */
const char *report_row_name(const struct report_row *row, enum words_language language);
const char *report_verdict(int verdict, enum words_language language);
const char *report_case_kind(int kind, enum words_language language);
/* "2天3小时", "45分钟": rounded up to the minute. */
void report_span(int64_t span_ms, enum words_language language, char ret[REPORT_SPAN_LEN]);
/* What may be too low, because retention has deleted of it; "" = nothing. */
void report_purged(const struct report *report, enum words_language language, char ret[REPORT_TITLE_LEN]);
/* Nothing happened, nothing is registered. */
bool report_is_empty(const struct report *report);

#endif
