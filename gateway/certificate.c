#include "gateway/certificate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

void certificate_look(const struct certificate_files *files, int64_t utc_ms, struct certificate *ret)
{
    struct certificate certificate = {.fault = CERTIFICATE_GOOD};
    if (read_all(files, &certificate) && utc_ms > 0) {
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
