/* The worker that tells people outside: turns what has happened into messages and sends them, on a thread of
 * its own, whatever becomes of the rest. At least once: what was under way when the process died is sent
 * again, under the same id. Manual for people: docs/operations.md. */
#ifndef BUSWARDEN_NOTIFY_H
#define BUSWARDEN_NOTIFY_H

#include "bureau/notify/channel.h"
#include "bureau/notify/request.h"

enum { NOTIFY_REASON_MAX = STORE_ANSWER_MAX };

struct notify;

/* Once, from any thread: libcurl allows that from 7.84 on. */
int notify_global_init(void);
/* Both are copied. One worker a store: another one stands by until the first has ended. */
int notify_start(const struct notify_settings *settings, const char *store_path, struct notify **ret);
/* What is under way may end, for NOTIFY_FAREWELL_MS. NULL is fine. */
void notify_stop(struct notify *notify);
enum { NOTIFY_FAREWELL_MS = 3000 };

struct notify_stats {
    uint64_t turns;                 /* of the thread: at least one in two seconds */
    bool standing_by;               /* another process does the telling */
    char reason[NOTIFY_REASON_MAX]; /* why nothing can be told; "" = it can */
};
void notify_stats(struct notify *notify, struct notify_stats *ret);

/* Sends one message that says it is a test, and waits for the answer. It is in no store and counts nowhere.
 * -ENOENT: its secret cannot be read; ret->words says why. */
int notify_try(const struct notify_settings *settings, const struct notify_channel *channel,
               struct request_verdict *ret);
/* Reads secret_file; 0 or a negative errno with words in ret_reason. No file is fine when none is given. */
int notify_secret(const struct notify_channel *channel, struct request_secret *ret,
                  char ret_reason[NOTIFY_REASON_MAX]);

#endif
