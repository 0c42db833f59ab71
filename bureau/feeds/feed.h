/* One feed as it now is: from the store and the registry into the bytes of an answer. docs/feeds.md is the
 * manual for those who read it. */
#ifndef BUSWARDEN_FEED_H
#define BUSWARDEN_FEED_H

#include "bureau/store/store.h"

enum feed {
    FEED_ALERTS,         /* JSON: phases after `after`, oldest first */
    FEED_ALERTS_CSV,     /* alert objects, newest first */
    FEED_ALERTS_GEOJSON, /* the same */
    FEED_VEHICLES,       /* JSON: those after `after_vehicle`, by id */
    FEED_VEHICLES_CSV,
    FEED_VEHICLES_GEOJSON,
    FEED_GTFS_POSITIONS, /* GTFS-Realtime */
    FEED_GTFS_ALERTS,
    FEED_STORE_METRICS, /* Prometheus: what the store holds */
    FEED_COUNT
};

enum {
    FEED_PAGE_MAX = 1000,   /* rows of a page of JSON */
    FEED_ALERTS_MAX = 10000 /* alert objects of CSV, GeoJSON and GTFS-Realtime */
};

/* What is asked for; zero what does not matter. */
struct feed_request {
    enum feed feed;
    bool is_public;  /* GTFS-Realtime: nothing about a single vehicle but where it is, and roughly how full */
    bool one_school; /* school_id's vehicles alone */
    char school_id[BW_ID_LEN];
    bool bom, open_only;
    int limit;
    int64_t after;
    char after_vehicle[BW_ID_LEN];
};

struct feed_bytes {
    char *data; /* malloc'd */
    size_t len;
    size_t head_len; /* these first bytes tell when it was made, nothing of what it holds */
};

bool feed_is_same(const struct feed_request *one, const struct feed_request *other);
const char *feed_content_type(enum feed feed);
/* 0, -ENOMEM or the store's error. `registry` tells schools, routes and orders. */
int feed_build(struct store *store, const struct registry *registry, const struct feed_request *asked,
               int64_t now_utc_ms, struct feed_bytes *ret);

#endif
