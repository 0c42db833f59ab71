/* Sightings: vehicles that somebody at a school gate or at the roadside saw carrying pupils. What was
 * reported is never changed; only retention takes it away. Otherwise as store.h. */
#ifndef BUSWARDEN_STORE_SIGHTINGS_H
#define BUSWARDEN_STORE_SIGHTINGS_H

#include "bureau/access/access.h"
#include "bureau/store/store.h"

enum {
    SIGHTING_KEY_LEN = 37,    /* a UUID; with the NUL */
    SIGHTING_PLACE_MAX = 200, /* bytes */
    SIGHTING_NOTE_MAX = 1000, /* bytes */
    SIGHTING_HEADS_MAX = 200,
    SIGHTING_DIGEST_LEN = 32, /* BLAKE2b-256 */
};

/* May it have carried pupils when it was seen, as the registry was when the report came. The numbers are
 * stored. */
enum sighting_verdict {
    SIGHTING_UNREAD = 1,     /* no plate, or not all of it was read: nobody knows */
    SIGHTING_LICENSED = 2,   /* an active permit, within its hours */
    SIGHTING_WRONG_HOUR = 3, /* an active permit, outside its hours */
    SIGHTING_EXPIRED = 4,
    SIGHTING_SUSPENDED = 5,
    SIGHTING_NO_PERMIT = 6, /* registered, without any permit, scrapped or overdue */
    SIGHTING_UNKNOWN = 7,   /* not registered */
};

struct store_sighting {
    int64_t id;
    const char *key; /* the phone's own, so that a report which is sent twice is one */
    struct access_who who;
    const char *plate;     /* normalised, perhaps partial; "" = none was seen */
    const char *gate;      /* the school at whose gate; "" = elsewhere */
    const char *gate_name; /* out: its name, "" when it is not in the registry */
    const char *place;     /* in words; "" = none */
    bool has_position;
    double lat_deg, lon_deg;
    double accuracy_m; /* NaN = unknown */
    int64_t seen_utc_ms, received_utc_ms;
    int heads; /* persons aboard besides the driver; -1 = unknown */
    const char *note;
    enum sighting_verdict verdict;
    bool has_photo;  /* out */
    int64_t case_id; /* 0 = none */
};

/* -EEXIST: this account has sent that key already; *ret_id is what it made then. */
int store_sighting_add(struct store *store, const struct store_sighting *sighting, int64_t *ret_id);
/* What that account has sent with that key. -ENOENT. */
int store_sighting_find(struct store *store, const char *account, const char *key, int64_t *ret_id);
/* How many that account has sent since, by its tokens ("ACCOUNT#N") as well. */
int store_sightings_since(struct store *store, const char *account, int64_t since_utc_ms, int64_t *ret_n);
/* The case that it was handed over with. -ENOENT. */
int store_sighting_case_set(struct store *store, int64_t id, int64_t case_id);

typedef int (*store_sighting_fn)(void *context, const struct store_sighting *row);
/* -ENOENT: none, or none that this school (NULL = anybody) has reported. */
int store_sighting(struct store *store, int64_t id, const char *school_id, store_sighting_fn fn,
                   void *context);
/* NULL, 0 = all. A plate may be partial: every plate that it may be, and those partial ones that were kept
 * with the same characters unread. */
struct store_sighting_query {
    const char *school_id; /* whoever asks is this school: its own reports only */
    const char *plate, *gate;
    int64_t since_utc_ms, until_utc_ms; /* seen from, and before; until must be set */
    int64_t case_id;
    int64_t before_id; /* 0 = from the newest */
};
/* Those that came last first. */
int store_sightings(struct store *store, const struct store_sighting_query *query, int limit,
                    store_sighting_fn fn, void *context);

/* --- photos: one a sighting, as picture.h makes them --- */
struct store_photo {
    const uint8_t *bytes;
    size_t len;
    unsigned width, height;
    uint8_t digest[SIGHTING_DIGEST_LEN]; /* of the bytes */
    int64_t received_utc_ms;
};
/* -EEXIST: it has one; -ENOENT: no such sighting. */
int store_photo_add(struct store *store, int64_t sighting, const struct store_photo *photo);
typedef int (*store_photo_fn)(void *context, const struct store_photo *row);
int store_photo(struct store *store, int64_t sighting, store_photo_fn fn, void *context); /* -ENOENT */

/* --- again and again --- */
enum store_repeat_by { STORE_BY_PLATE, STORE_BY_GATE, STORE_BY_HOUR };
struct store_repeat {
    enum store_repeat_by by;
    const char *plate;     /* BY_PLATE */
    const char *gate;      /* BY_GATE; "" = not at a gate */
    const char *gate_name; /* BY_GATE; "" when it is not in the registry */
    int hour;              /* BY_HOUR: of the local day, 0..23 */
    int64_t count, days;   /* how often; on how many different local days */
    int64_t plates, gates; /* how many different ones; of plates those that were read whole */
    int64_t unread;        /* without a plate, or with a part of one */
    int heads;             /* the most that were counted; -1 = nobody counted */
    int64_t first_utc_ms, last_utc_ms;
};
struct store_repeat_query {
    enum store_repeat_by by;
    const char *plate; /* only of this one; NULL = all */
    int64_t since_utc_ms, until_utc_ms;
    int64_t count_min;
};
typedef int (*store_repeat_fn)(void *context, const struct store_repeat *row);
/* Of sightings of vehicles that had no permit then, or whose plate was not read: by plate (whole ones only)
 * on the most days first, by gate the most first, by hour in order. */
int store_repeats(struct store *store, const struct store_repeat_query *query, int limit, store_repeat_fn fn,
                  void *context);

#endif
