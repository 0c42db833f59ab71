/* A report as an .xlsx workbook with charts. */
#ifndef BUSWARDEN_REPORT_WORKBOOK_H
#define BUSWARDEN_REPORT_WORKBOOK_H

#include "bureau/report/figures.h"
#include "proto/words.h"

/* The file is made, or what it held is lost: give the name of one that nobody reads yet. 0; -ENOSPC and the
 * like when it cannot be written, and then what there is of it is no workbook. */
int report_write_workbook(const struct report *report, enum words_language language, const char *path);

#endif
