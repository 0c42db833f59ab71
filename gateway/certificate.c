#include "gateway/certificate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "proto/utc.h"

static void find(struct certificate *certificate, enum certificate_fault fault, const char *path,
                 const char *why)
{
    certificate->fault = fault;
    (void)snprintf(certificate->detail, sizeof certificate->detail, "%s%s%s", path, *why != '\0' ? ": " : "",
                   why);
}

static const char *words_of(int error)
{
    return error == -EBADMSG ? "no PEM, or damaged" : strerror(-error);
}

/* True when all can be read and belongs together. */
static bool read_all(const struct certificate_files *files, struct certificate *certificate)
{
    int error = x509_read(files->certificate, &certificate->own);
    if (error != 0) {
        find(certificate, CERTIFICATE_UNREADABLE, files->certificate, words_of(error));
        return false;
    }
    error = x509_read(files->authority, &certificate->authority);
    if (error != 0) {
        find(certificate, CERTIFICATE_UNREADABLE, files->authority, words_of(error));
        return false;
    }
    certificate->known = true;
    error = x509_check_pair(files->certificate, files->key);
    if (error == -EKEYREJECTED)
        find(certificate, CERTIFICATE_NOT_ITS_KEY, files->key, "");
    else if (error != 0)
        find(certificate, CERTIFICATE_UNREADABLE, files->key, words_of(error));
    else if (strcmp(certificate->own.name, files->vehicle) != 0)
        find(certificate, CERTIFICATE_ANOTHERS, files->certificate, certificate->own.name);
    else
        return true;
    return false;
}

/* False when something was found. */
static bool check_term(const struct x509_info *info, const char *path, int64_t utc_ms,
                       struct certificate *certificate)
{
    char day[UTC_TEXT_LEN];
    enum certificate_fault fault = CERTIFICATE_GOOD;
    if (utc_ms < info->not_before_utc_ms)
        fault = CERTIFICATE_NOT_YET;
    else if (utc_ms >= info->not_after_utc_ms)
        fault = CERTIFICATE_ENDED;
    else if (info->not_after_utc_ms - utc_ms < CERTIFICATE_WARN_DAYS * UTC_MS_PER_DAY)
        fault = CERTIFICATE_ENDS_SOON;
    if (fault == CERTIFICATE_GOOD)
        return true;
    utc_format(fault == CERTIFICATE_NOT_YET ? info->not_before_utc_ms : info->not_after_utc_ms, day);
    day[strcspn(day, "T")] = '\0';
    find(certificate, fault, path, day);
    return false;
}

static bool same_file(const struct certificate_stamp *a, const struct certificate_stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* True when one is another file than was seen, or none is there. Looked at before they are read: one that is
 * replaced meanwhile is another the next time. */
static bool look_at_files(struct certificate_seen *seen, const struct certificate_files *files)
{
    const char *const paths[] = {files->certificate, files->key, files->authority};
    bool changed = seen->reads == 0;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct stat status;
        struct certificate_stamp stamp = {0};
        if (stat(paths[i], &status) == 0)
            stamp = (struct certificate_stamp){.device = status.st_dev,
                                               .inode = status.st_ino,
                                               .size = status.st_size,
                                               .changed = status.st_ctim};
        changed |= stamp.inode == 0 || !same_file(&stamp, &seen->stamps[i]);
        seen->stamps[i] = stamp;
    }
    return changed;
}

void certificate_look(struct certificate_seen *seen, const struct certificate_files *files, int64_t utc_ms,
                      struct certificate *ret)
{
    if (look_at_files(seen, files)) {
        seen->read = (struct certificate){.fault = CERTIFICATE_GOOD};
        seen->whole = read_all(files, &seen->read);
        seen->reads++;
    }
    struct certificate certificate = seen->read;
    if (seen->whole && utc_ms > 0) {
        /* What has ended is graver than what ends soon, whichever of the two it is. */
        const bool good = check_term(&certificate.own, files->certificate, utc_ms, &certificate);
        if (good || certificate.fault == CERTIFICATE_ENDS_SOON) {
            const struct certificate own = certificate;
            if (!check_term(&certificate.authority, files->authority, utc_ms, &certificate) && !good &&
                certificate.fault == CERTIFICATE_ENDS_SOON)
                certificate = own;
        }
    }
    *ret = certificate;
}
