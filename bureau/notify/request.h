/* What is sent to a channel, and what its answer means. Pure: no network, no clock, no file. */
#ifndef BUSWARDEN_NOTIFY_REQUEST_H
#define BUSWARDEN_NOTIFY_REQUEST_H

#include "bureau/notify/channel.h"
#include "bureau/notify/text.h"

#include <jansson.h>

enum {
    REQUEST_SECRET_MAX = 256,
    REQUEST_URL_MAX = SETTINGS_TEXT_MAX + 256,
    REQUEST_HEADERS_MAX = 5,
    REQUEST_HEADER_MAX = 160,
    REQUEST_NOTICES_MAX = 200 /* in one digest; what is beyond goes into the next one */
};

/* What secret_file holds. */
struct request_secret {
    char address[REQUEST_SECRET_MAX]; /* of a robot, with its key */
    char secret[REQUEST_SECRET_MAX];  /* signing secret, HMAC secret, or password */
};
/* From the file's content. NULL, or what is wrong with it. */
const char *request_secret_parse(enum notify_type type, const char *content, struct request_secret *ret);

struct request_message {
    const char *id;   /* stays the same over all attempts */
    const char *text; /* the words */
    json_t *notices;  /* for the webhook: an array; NULL = empty. Borrowed */
    int64_t now_utc_ms;
};
struct request {
    char url[REQUEST_URL_MAX];
    size_t n_headers;
    char headers[REQUEST_HEADERS_MAX][REQUEST_HEADER_MAX]; /* of HTTP */
    char *body; /* free() it; a mail is whole, with its own headers */
    size_t len;
};
/* -ENOMEM; -EMSGSIZE: the address is too long. */
int request_make(const struct notify_channel *channel, const struct request_secret *secret,
                 const struct request_message *message, struct request *ret);
void request_free(struct request *request);

/* A notice as the webhook gets it; new reference, NULL without memory. */
json_t *request_notice(const struct store_notice *notice);

/* What came back: `status` 0 = no answer at all, and `transport` says why. */
struct request_answer {
    long status;           /* of HTTP; of SMTP the last reply */
    const char *transport; /* "" = it was answered */
    const char *refused;   /* mail: addresses that the server did not take, with its codes; NULL = none */
    bool to_content;       /* mail: this is what it says to the mail itself, not to what goes before it */
    const char *body;
    size_t len;
    long retry_after_s; /* 0 = the server does not say */
};
struct request_verdict {
    bool taken;
    bool for_good;  /* refused for what the message says: it will be again */
    bool too_often; /* it says that too much was sent */
    unsigned retry_after_s;
    char words[STORE_ANSWER_MAX]; /* what the server said; UTF-8, one line */
};
void request_judge(enum notify_type type, const struct request_answer *answer, struct request_verdict *ret);

#endif
