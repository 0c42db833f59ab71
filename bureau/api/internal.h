/* What the parts of the server share: one struct, one kind of answer. Only for bureau/api. */
#ifndef BUSWARDEN_API_INTERNAL_H
#define BUSWARDEN_API_INTERNAL_H

#include "bureau/access/access.h"
#include "bureau/access/limiter.h"
#include "bureau/api/api.h"
#include "bureau/api/feeder.h"
#include "bureau/api/files.h"
#include "bureau/api/gate.h"
#include "bureau/api/hasher.h"
#include "bureau/api/metrics.h"
#include "bureau/api/recurrence.h"
#include "bureau/api/shares.h"
#include "bureau/api/stream.h"
#include "bureau/api/trace.h"
#include "bureau/registry/nearmiss.h"
#include "bureau/sightings/darkroom.h"
#include "bureau/store/notices.h"

#include <jansson.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <time.h>

enum { API_CSP_MAX = 512 };

struct reporter;
struct reporting; /* reporter.h */

struct api {
    const struct bureau_config *config;
    const struct seal_key *key; /* the bureau's; NULL = none */
    struct store *store;        /* of the server's thread */
    struct stream *stream;
    struct tracer *tracer;
    struct reporter *reporter;
    struct recurrence *recurrence;
    struct feeder *feeder;
    struct files *files;
    struct metrics metrics;
    struct darkroom *darkroom;
    int n_uploads;      /* bodies that are coming in, of UPLOAD_BYTES or more */
    atomic_int n_asked; /* requests that came in whole and are not answered to the end */
    struct hasher *hasher;
    struct limiter *limiter;
    struct shares *shares;
    char *tls_cert, *tls_key; /* PEM; NULL = no TLS */
    struct MHD_Daemon *daemon;
    int port;
    int listen_fd; /* between api_listen() and api_start(); else -1 */
    api_broker_fn broker;
    void *broker_context;
    char csp[API_CSP_MAX];
    struct registry *registry; /* as read at registry_mono_ms; NULL = not yet */
    struct nearmiss *nearmiss; /* of that registry; NULL = nobody has asked yet */
    int64_t registry_mono_ms;
};

struct api_request {
    struct MHD_Connection *connection;
    bool head;
    const char *tail;             /* of the path: what stands for the '*' of the route's pattern */
    const char *body;             /* of a POST, PUT or DELETE; NUL after its end */
    size_t body_len;              /* 0 = none */
    const struct access_who *who; /* asks; of a role that the route is for. NULL = nobody known, which only a
                                     route for anybody gets to see */
    const struct gate_caller *caller; /* the same, and by what, and from where */
    /* The same in every call for one request. */
    struct hash_job *job;        /* of a POST or PUT */
    struct trace *trace;         /* of a plate's look-up */
    struct reporting *reporting; /* of a report */
    struct recurring *recurring; /* of a list of what is seen again and again */
    struct feeder_wait *feed;    /* for a feed */
    struct darkroom_job *photo;  /* of an upload */
};

/* response NULL: out of memory, the connection is closed. status 0: the connection is suspended, and the
 * handler called again when it goes on. */
struct api_reply {
    unsigned status;
    struct MHD_Response *response;
};

typedef struct api_reply (*api_handler)(struct api *api, const struct api_request *request);

/* --- reply.c --- */
/* Takes the reference to `body`; NULL (out of memory) makes an empty reply. */
struct api_reply reply_json(unsigned status, json_t *body);
/* {"error":{"code":...,"message":...}} */
struct api_reply reply_error(unsigned status, const char *code, const char *message);
void reply_header(struct api_reply *reply, const char *name, const char *value);
struct api_reply reply_bad_request(const char *message);
struct api_reply reply_not_found(const char *message);
struct api_reply reply_store_failed(void);
struct api_reply reply_nothing(void); /* 204 */
/* Takes the hold on `body`. Compressed when the client takes that and it is worth it; with ETag and 304. */
struct api_reply reply_body(const struct api_request *request, struct body *body, const char *type);
struct api_reply reply_busy(const char *message); /* 503; in five seconds perhaps */
/* A file below `dir`, with type, ETag and 304. "" is index.html. No segment of `path` may begin with a dot
 * (no traversal, no hidden file): else 404. Links below `dir` are followed: Debian builds its JavaScript
 * folders of them, and only the administrator can place one. */
struct api_reply reply_file(struct api *api, const struct api_request *request, const char *dir,
                            const char *path);

/* --- request.c --- */
/* A query parameter; NULL = not given. */
const char *request_query(const struct api_request *request, const char *name);
const char *request_header(const struct api_request *request, const char *name); /* the same */
/* A decimal number from `low` to `high`; NULL leaves *ret alone. 0 or -EINVAL. */
int request_number(const char *text, int64_t low, int64_t high, int64_t *ret);
/* RFC 3339; NULL leaves *ret alone. 0 or -EINVAL. */
int request_instant(const char *text, int64_t *ret);
/* The body as a JSON object, json_decref(); NULL, and then *ret_reply says why: 415 when it is not sent as
 * application/json (which a form of a foreign site cannot do), 400 when it is none. */
json_t *request_json(const struct api_request *request, struct api_reply *ret_reply);
int64_t request_now_ms(clockid_t clock);
/* Does request->job on the hasher's thread, then the handler is called again; status 0, or why not. */
struct api_reply request_hash(struct api *api, const struct api_request *request);
/* The registry as it was a few seconds ago at most; valid until the next call. 0 or the store's error. */
int request_registry(struct api *api, const struct registry **ret);
/* Plates of the registry of the last request_registry() (which stays valid) that may have been meant, as
 * nearmiss_find(); of those the school's own (NULL = all). None when there is no registry yet, or no memory.
 */
size_t request_near_misses(struct api *api, const char *plate, const char *school_id,
                           struct nearmiss_plate ret[NEARMISS_MAX]);
/* The next request_registry() reads it again: somebody has changed it here. */
void request_registry_changed(struct api *api);

/* --- cases.c --- */
struct api_reply handle_cases(struct api *api, const struct api_request *request);
struct api_reply handle_case(struct api *api, const struct api_request *request);
struct api_reply handle_case_step(struct api *api, const struct api_request *request);

/* --- sightings.c --- */
struct api_reply handle_sighting_add(struct api *api, const struct api_request *request);
struct api_reply handle_sightings(struct api *api, const struct api_request *request);
struct api_reply handle_sighting(struct api *api, const struct api_request *request);
struct api_reply handle_recurrence(struct api *api, const struct api_request *request);
struct api_reply handle_sighting_hand_over(struct api *api, const struct api_request *request);
struct api_reply handle_photo_add(struct api *api, const struct api_request *request);
struct api_reply handle_photo(struct api *api, const struct api_request *request);

/* --- report.c --- */
struct api_reply handle_report(struct api *api, const struct api_request *request);
struct api_reply handle_report_workbook(struct api *api, const struct api_request *request);

/* --- sessions.c, accounts.c --- */
struct api_reply handle_log_in(struct api *api, const struct api_request *request);
struct api_reply handle_session(struct api *api, const struct api_request *request);
struct api_reply handle_log_out(struct api *api, const struct api_request *request);
struct api_reply handle_password(struct api *api, const struct api_request *request);
struct api_reply handle_accounts(struct api *api, const struct api_request *request);
struct api_reply handle_account_add(struct api *api, const struct api_request *request);
struct api_reply handle_account_change(struct api *api, const struct api_request *request);
struct api_reply handle_account_password(struct api *api, const struct api_request *request);
struct api_reply handle_tokens(struct api *api, const struct api_request *request);
struct api_reply handle_token_add(struct api *api, const struct api_request *request);
struct api_reply handle_token_revoke(struct api *api, const struct api_request *request);

/* --- handlers.c --- */
struct api_reply handle_health(struct api *api, const struct api_request *request);
struct api_reply handle_alerts(struct api *api, const struct api_request *request);
struct api_reply handle_alert_stream(struct api *api, const struct api_request *request);
struct api_reply handle_vehicles(struct api *api, const struct api_request *request);
struct api_reply handle_trips(struct api *api, const struct api_request *request);
struct api_reply handle_trip(struct api *api, const struct api_request *request);
struct api_reply handle_incidents(struct api *api, const struct api_request *request);
struct api_reply handle_plate(struct api *api, const struct api_request *request);
struct api_reply handle_routes(struct api *api, const struct api_request *request);
struct api_reply handle_registry(struct api *api, const struct api_request *request);
struct api_reply handle_registry_add(struct api *api, const struct api_request *request);
struct api_reply handle_registry_put(struct api *api, const struct api_request *request);
struct api_reply handle_registry_remove(struct api *api, const struct api_request *request);
struct api_reply handle_registry_changes(struct api *api, const struct api_request *request);
struct api_reply handle_expiries(struct api *api, const struct api_request *request);
struct api_reply handle_console_settings(struct api *api, const struct api_request *request);
struct api_reply handle_console_file(struct api *api, const struct api_request *request);
struct api_reply handle_leaflet_file(struct api *api, const struct api_request *request);
struct api_reply handle_bootstrap_file(struct api *api, const struct api_request *request);

/* --- feeds.c --- */
struct api_reply handle_feed_alerts(struct api *api, const struct api_request *request);
struct api_reply handle_feed_alerts_csv(struct api *api, const struct api_request *request);
struct api_reply handle_feed_alerts_geojson(struct api *api, const struct api_request *request);
struct api_reply handle_feed_vehicles(struct api *api, const struct api_request *request);
struct api_reply handle_feed_vehicles_csv(struct api *api, const struct api_request *request);
struct api_reply handle_feed_vehicles_geojson(struct api *api, const struct api_request *request);
struct api_reply handle_feed_positions(struct api *api, const struct api_request *request);
struct api_reply handle_feed_service_alerts(struct api *api, const struct api_request *request);
struct api_reply handle_public_positions(struct api *api, const struct api_request *request);
struct api_reply handle_public_service_alerts(struct api *api, const struct api_request *request);

/* --- metrics.c --- */
struct api_reply handle_metrics(struct api *api, const struct api_request *request);
/* --- notifications.c --- */
struct api_reply handle_notifications(struct api *api, const struct api_request *request);
struct api_reply handle_notification_retry(struct api *api, const struct api_request *request);
/* How many are unsent, for /healthz; new reference. */
json_t *apijson_notifications(const struct store_notice_counts *counts);

#endif
