#include "bureau/registry/textfile.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char BOM[] = "\xef\xbb\xbf";
enum { BOM_LEN = 3 };

/* 0 or a negative errno; -EFBIG over the limit. */
static int read_all(const char *path, char **ret, size_t *ret_len)
{
    struct stat status;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return -errno;
    int err = 0;
    char *text = NULL;
    if (fstat(fileno(file), &status) < 0)
        err = -errno;
    else if (!S_ISREG(status.st_mode))
        err = S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
    else if (status.st_size > (off_t)TEXTFILE_MAX)
        err = -EFBIG;
    else if ((text = malloc((size_t)status.st_size + 1)) == NULL)
        err = -ENOMEM;
    if (err == 0) {
        *ret_len = fread(text, 1, (size_t)status.st_size, file);
        if (ferror(file)) {
            err = -EIO;
            free(text);
        } else {
            text[*ret_len] = '\0';
            *ret = text;
        }
    }
    (void)fclose(file);
    return err;
}

int textfile_read(const char *dir, const char *name, struct registry_faults *faults, char **ret_text,
                  size_t *ret_len)
{
    char path[PATH_MAX];
    char *text = NULL;
    size_t len = 0;
    int err = -ENAMETOOLONG;
    const int n = snprintf(path, sizeof(path), "%s/%s", dir, name);
    if (n > 0 && (size_t)n < sizeof(path))
        err = read_all(path, &text, &len);
    if (err == -ENOMEM)
        return err;
    if (text == NULL) {
        faults_add(faults, name, 1, "cannot be read", err == -EFBIG ? "over 64 MB" : strerror(-err));
        return -EINVAL;
    }
    if (strncmp(text, BOM, BOM_LEN) == 0) {
        len -= BOM_LEN;
        memmove(text, text + BOM_LEN, len + 1);
    }
    *ret_text = text;
    *ret_len = len;
    return 0;
}

bool textfile_exists(const char *dir, const char *name)
{
    char path[PATH_MAX];
    const int n = snprintf(path, sizeof(path), "%s/%s", dir, name);
    return n > 0 && (size_t)n < sizeof(path) && access(path, F_OK) == 0;
}

const char *utf8_fault(const char *text, size_t len)
{
    size_t ascii = 0;
    while (ascii < len && (unsigned char)text[ascii] < 0x80 && text[ascii] != '\0')
        ascii++;
    if (ascii == len) /* nearly always: worth not asking jansson */
        return NULL;
    json_t *string = json_stringn(text, len); /* refuses what is not UTF-8 */
    if (string == NULL)
        return "is not UTF-8";
    json_decref(string);
    return NULL;
}

const char *text_fault(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return "holds a control character";
    return utf8_fault(text, len);
}
