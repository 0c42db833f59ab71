/* The vehicle's TLS certificate, and its authority's: whether they will do, and how long. Their files are
 * looked at each time, so that a renewed one shows at once, and read only when they have changed. */
#ifndef BUSWARDEN_CERTIFICATE_H
#define BUSWARDEN_CERTIFICATE_H

#include <sys/types.h>
#include <time.h>

#include "proto/x509.h"

enum certificate_fault {
    CERTIFICATE_GOOD,
    CERTIFICATE_UNREADABLE,
    CERTIFICATE_NOT_ITS_KEY, /* the key's file is of another certificate */
    CERTIFICATE_ANOTHERS,    /* of another vehicle: the broker would refuse all that it does */
    CERTIFICATE_NOT_YET,
    CERTIFICATE_ENDED,
    CERTIFICATE_ENDS_SOON, /* within CERTIFICATE_WARN_DAYS */
};
enum { CERTIFICATE_WARN_DAYS = 30, CERTIFICATE_DETAIL_MAX = 256 };

struct certificate_files {
    const char *vehicle; /* id; the name that the certificate must have */
    const char *certificate, *key, *authority;
};

struct certificate {
    enum certificate_fault fault;        /* the gravest */
    char detail[CERTIFICATE_DETAIL_MAX]; /* which file, which day; "" when good */
    bool known;                          /* the two below are set */
    struct x509_info own, authority;
};

/* What was read of the files, and how they were then. Starts as zeros; of one set of files. */
struct certificate_seen {
    struct certificate_stamp {
        dev_t device;
        ino_t inode;
        off_t size;
        struct timespec changed;
    } stamps[3];
    unsigned reads; /* how often they were read; 0 = the others mean nothing yet */
    bool whole;     /* all can be read and belongs together */
    struct certificate read;
};

/* utc_ms 0 = nobody knows the time: then no date is wrong; dates are judged each time. */
void certificate_look(struct certificate_seen *seen, const struct certificate_files *files, int64_t utc_ms,
                      struct certificate *ret);

#endif
