/* Inside the registry: one text file read whole. */
#ifndef BUSWARDEN_REGISTRY_TEXTFILE_H
#define BUSWARDEN_REGISTRY_TEXTFILE_H

#include "bureau/registry/faults.h"

static const size_t TEXTFILE_MAX = (size_t)64 * 1024 * 1024;

/* dir/name, without a byte order mark, NUL-terminated; free(*ret_text). 0, -ENOMEM, or -EINVAL with a fault
 * added: cannot be read, or over TEXTFILE_MAX bytes. */
int textfile_read(const char *dir, const char *name, struct registry_faults *faults, char **ret_text,
                  size_t *ret_len);

/* There is something of that name, readable or not. */
bool textfile_exists(const char *dir, const char *name);

/* NULL if `text` is UTF-8 without control characters, else what is wrong with it. */
const char *text_fault(const char *text, size_t len);
/* NULL if `text` is UTF-8, else what is wrong with it. */
const char *utf8_fault(const char *text, size_t len);

#endif
