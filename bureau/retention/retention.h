/* Deletes for good what was kept as long as [retention] says, and no longer; one pass looks at all of it, in
 * short transactions. What a case is about that is not over, or not for so long, stays, and the positions
 * around it; of signed records a mark stays that says so, and lets the chain be verified over the gap. The
 * audit log gets one line a pass. */
#ifndef BUSWARDEN_RETENTION_H
#define BUSWARDEN_RETENTION_H

#include "bureau/retention/settings.h"
#include "bureau/store/retention.h"

enum { RETENTION_MARGIN_MS = 600000 /* around what a case is about: bureau/cases/evidence.h */ };

struct retention_pass {
    const struct retention_settings *settings;
    int64_t now_utc_ms;
    bool dry; /* count alone: nothing is changed */
    const char *who;
    /* Between two transactions; anything but 0 ends the pass and is returned. May be NULL. */
    int (*pause)(void *context);
    void *context;
};

/* 0, what `pause` says, or the store's error. *ret_purged is set in any case: by this pass, and by one that
 * broke off before it. */
int retention_run(struct store *store, const struct retention_pass *pass, struct store_purged *ret_purged);

/* "tracks 12, records 3, ..." */
enum { RETENTION_TEXT_LEN = 256 };
void retention_format(const struct store_purged *purged, char ret[RETENTION_TEXT_LEN]);

#endif
