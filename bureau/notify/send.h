/* Sends at once over all channels, without waiting for any (libcurl). Certificates are verified, redirects
 * are not followed, answers have a limit; proxies are those of the environment (https_proxy, no_proxy,
 * all_proxy). One thread. */
#ifndef BUSWARDEN_NOTIFY_SEND_H
#define BUSWARDEN_NOTIFY_SEND_H

#include "bureau/notify/request.h"

enum { SEND_ANSWER_MAX = 16384 }; /* more is a failed send */

struct send;
/* -ENOMEM. */
int send_global_init(void);
int send_create(struct send **ret);
void send_destroy(struct send *send); /* what is under way is broken off */

/* Begins; the outcome comes with send_turn(), under this number (which must not be under way). Takes the
 * request over. -ENOMEM. */
int send_begin(struct send *send, const struct notify_channel *channel, const struct request_secret *secret,
               int64_t number, struct request *request);
bool send_is_under_way(const struct send *send, int64_t number);
size_t send_under_way(const struct send *send);

typedef void (*send_done_fn)(void *context, int64_t number, const struct request_verdict *verdict);
/* Lets them go on for up to wait_ms, and tells of those that have ended. */
void send_turn(struct send *send, int wait_ms, send_done_fn done, void *context);
/* From any thread: the turn ends. */
void send_wake(struct send *send);

#endif
