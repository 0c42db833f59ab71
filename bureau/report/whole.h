/* Whether a workbook is what its library meant to write. libxlsxwriter keeps each part in a temporary file
 * and does not look whether that took it: with /tmp full, it makes a sound archive of torn parts. */
#ifndef BUSWARDEN_REPORT_WHOLE_H
#define BUSWARDEN_REPORT_WHOLE_H

/* Every part of the archive ends with the end of its XML document. 0; -EIO: one does not, or it is no
 * archive; -ENOMEM. */
int whole_check(const char *path);

#endif
