/* The gate: who asks, from where, how often, and whether the page that asks is ours.
 *
 * A person has a session: a cookie that scripts cannot read (HttpOnly) and no foreign page can send
 * (SameSite=Strict). A program has a token: "Authorization: Bearer ...". Against forged requests of a session
 * that change something: the header X-Buswarden, which no form can send and no foreign script may (we grant
 * no CORS), and the browser's own word about where the page came from. docs/decisions/0022-log-in.md. */
#ifndef BUSWARDEN_GATE_H
#define BUSWARDEN_GATE_H

#include "bureau/access/access.h"
#include "bureau/access/secret.h"
#include "bureau/store/accounts.h"

#include <microhttpd.h>

enum { GATE_ADDRESS_LEN = 46 };

enum gate_by { GATE_NOBODY, GATE_SESSION, GATE_TOKEN };

/* Found out once a request. */
struct gate_caller {
    enum gate_by by;
    struct access_who who; /* its name, for the audit: of a token "account#number" */
    char account[ACCESS_NAME_LEN];
    uint8_t hash[SECRET_HASH_LEN];  /* of the session or token */
    unsigned scopes;                /* enum access_scope; a session has all */
    int64_t until_utc_ms;           /* ends by itself then, at the latest */
    char address[GATE_ADDRESS_LEN]; /* IPv6: its /64, which is what one subscriber has */
    bool secure;                    /* over TLS, here or at our own proxy */
    bool presented;                 /* something, though it may be worth nothing */
};

struct api;
struct api_reply;

/* Fills *ret; -EIO: the store cannot be asked. */
int gate_identify(struct api *api, struct MHD_Connection *connection, struct gate_caller *ret);
/* True: go on; else *ret_reply has the refusal. `roles` as in the route; 0 = anybody. pattern
 * "": there is no such route. */
bool gate_admits(struct api *api, struct MHD_Connection *connection, const struct gate_caller *caller,
                 const char *method, const char *pattern, unsigned roles, struct api_reply *ret_reply);
/* Still worth something? For streams, on whatever thread owns `store`. */
bool gate_still_valid(struct store *store, enum gate_by by, const uint8_t hash[SECRET_HASH_LEN],
                      int64_t now_utc_ms);

/* Cookies. value NULL takes it away. */
enum gate_cookie { GATE_COOKIE_SESSION, GATE_COOKIE_DEVICE };
const char *gate_cookie(struct MHD_Connection *connection, const struct gate_caller *caller,
                        enum gate_cookie which);
void gate_set_cookie(struct api_reply *reply, const struct gate_caller *caller, enum gate_cookie which,
                     const char *value);

#endif
