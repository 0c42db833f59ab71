#include "bureau/feeds/feed.h"

#include "bureau/api/json.h"
#include "bureau/feeds/gtfs.h"
#include "bureau/feeds/metrics.h"
#include "bureau/feeds/table.h"
#include "proto/modeljson.h"
#include "proto/wire_gtfs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* While one is made. */
struct making {
    const struct registry *registry;
    const struct feed_request *asked;
    int64_t now_utc_ms;
    FILE *out;
    int64_t n; /* rows written */
    json_t *rows;
    int64_t last_event;
    char last_vehicle[BW_ID_LEN];
    bool more;
};

const char *feed_content_type(enum feed feed)
{
    static const char *const types[FEED_COUNT] = {
        [FEED_ALERTS] = "application/json; charset=utf-8",
        [FEED_ALERTS_CSV] = "text/csv; charset=utf-8; header=present",
        [FEED_ALERTS_GEOJSON] = "application/geo+json",
        [FEED_VEHICLES] = "application/json; charset=utf-8",
        [FEED_VEHICLES_CSV] = "text/csv; charset=utf-8; header=present",
        [FEED_VEHICLES_GEOJSON] = "application/geo+json",
        [FEED_GTFS_POSITIONS] = "application/x-protobuf",
        [FEED_GTFS_ALERTS] = "application/x-protobuf",
        [FEED_STORE_METRICS] = "text/plain; version=0.0.4; charset=utf-8",
    };
    return types[feed];
}

bool feed_is_same(const struct feed_request *one, const struct feed_request *other)
{
    return one->feed == other->feed && one->is_public == other->is_public &&
           one->one_school == other->one_school && strcmp(one->school_id, other->school_id) == 0 &&
           one->bom == other->bom && one->open_only == other->open_only && one->limit == other->limit &&
           one->after == other->after && strcmp(one->after_vehicle, other->after_vehicle) == 0;
}

/* A school is told of the vehicles that are registered as its own. */
static const char *school_of(const struct making *making)
{
    return making->asked->one_school ? making->asked->school_id : NULL;
}

/* --- JSON with a cursor --- */

enum { WALK_ENOUGH = 1 }; /* a callback's answer that ends the walk, and is no error */

static int add_phase(void *context, const struct store_alert *row)
{
    struct making *making = context;
    making->more = (int)json_array_size(making->rows) == making->asked->limit;
    if (making->more)
        return WALK_ENOUGH;
    making->last_event = row->event;
    return json_array_append_new(making->rows, apijson_alert(row)) == 0 ? 0 : -ENOMEM;
}

static int add_vehicle(void *context, const struct store_vehicle *row)
{
    struct making *making = context;
    if (strcmp(row->vehicle, making->asked->after_vehicle) <= 0)
        return 0;
    making->more = (int)json_array_size(making->rows) == making->asked->limit;
    if (making->more)
        return WALK_ENOUGH;
    (void)snprintf(making->last_vehicle, sizeof(making->last_vehicle), "%s", row->vehicle);
    return json_array_append_new(making->rows, apijson_vehicle(row, making->now_utc_ms)) == 0 ? 0 : -ENOMEM;
}

static json_t *page_of(const struct making *making)
{
    if (making->asked->feed == FEED_ALERTS)
        return json_pack("{s:O, s:I, s:b}", "alerts", making->rows, "next_cursor",
                         (json_int_t)making->last_event, "more", making->more);
    return json_pack("{s:O, s:o}", "vehicles", making->rows, "next_cursor",
                     making->more ? modeljson_text(making->last_vehicle) : json_null());
}

static int make_page(struct store *store, struct making *making)
{
    const struct feed_request *asked = making->asked;
    making->rows = json_array();
    making->last_event = asked->after;
    int rc = asked->feed == FEED_ALERTS ? store_alert_events(store, school_of(making), asked->after,
                                                             asked->limit + 1, add_phase, making)
                                        : store_vehicles(store, school_of(making), NULL, add_vehicle, making);
    if (rc == 0 || rc == WALK_ENOUGH) {
        json_t *page = page_of(making);
        rc = page && json_dumpf(page, making->out, MODELJSON_FLAGS) == 0 ? 0 : -ENOMEM;
        json_decref(page);
    }
    json_decref(making->rows);
    return rc;
}

/* --- CSV and GeoJSON --- */

static int put_vehicle(void *context, const struct store_vehicle *row)
{
    struct making *making = context;
    const enum feed_form form = making->asked->feed == FEED_VEHICLES_CSV ? FEED_CSV : FEED_GEOJSON;
    return feed_row(making->out, form, FEED_VEHICLE_COLUMNS, making->n++ == 0,
                    feed_vehicle_row(row, making->now_utc_ms));
}

static int put_alert(void *context, const struct store_alert *row)
{
    struct making *making = context;
    const enum feed_form form = making->asked->feed == FEED_ALERTS_CSV ? FEED_CSV : FEED_GEOJSON;
    return feed_row(making->out, form, FEED_ALERT_COLUMNS, making->n++ == 0, feed_alert_row(row));
}

static int make_table(struct store *store, struct making *making)
{
    const struct feed_request *asked = making->asked;
    const bool alerts = asked->feed == FEED_ALERTS_CSV || asked->feed == FEED_ALERTS_GEOJSON;
    const bool csv = asked->feed == FEED_ALERTS_CSV || asked->feed == FEED_VEHICLES_CSV;
    const enum feed_form form = csv ? FEED_CSV : FEED_GEOJSON;
    feed_begin(making->out, form, alerts ? FEED_ALERT_COLUMNS : FEED_VEHICLE_COLUMNS, asked->bom);
    const int rc =
        alerts ? store_alerts(store, school_of(making), asked->open_only, 0, asked->limit, put_alert, making)
               : store_vehicles(store, school_of(making), NULL, put_vehicle, making);
    feed_end(making->out, form);
    return rc;
}

/* --- GTFS-Realtime --- */

static int put_position(void *context, const struct store_vehicle *row)
{
    struct making *making = context;
    return feed_gtfs_vehicle(making->out, making->registry, row, making->now_utc_ms,
                             making->asked->is_public);
}

static int put_service_alert(void *context, const struct store_alert *row)
{
    struct making *making = context;
    if (row->damaged) /* the format has no field to say so */
        return 0;
    return feed_gtfs_alert(making->out, making->registry, row);
}

static int make_service_alerts(struct store *store, struct making *making)
{
    const struct registry *registry = making->registry;
    int rc = 0;
    for (size_t i = 0; i < registry->n_orders && rc == 0; i++)
        rc = feed_gtfs_order(making->out, registry, &registry->orders[i],
                             making->asked->one_school ? making->asked->school_id : NULL, making->now_utc_ms);
    if (rc == 0 && !making->asked->is_public)
        rc = store_alerts(store, school_of(making), true, 0, FEED_ALERTS_MAX, put_service_alert, making);
    return rc;
}

static int make_gtfs(struct store *store, struct making *making, size_t *ret_head_len)
{
    const int rc = gtfs_write_head(making->out, making->now_utc_ms);
    const long head_len = ftell(making->out);
    *ret_head_len = head_len > 0 ? (size_t)head_len : 0;
    if (rc != 0)
        return rc;
    return making->asked->feed == FEED_GTFS_POSITIONS
               ? store_vehicles(store, school_of(making), NULL, put_position, making)
               : make_service_alerts(store, making);
}

int feed_build(struct store *store, const struct registry *registry, const struct feed_request *asked,
               int64_t now_utc_ms, struct feed_bytes *ret)
{
    struct feed_bytes bytes = {0};
    struct making making = {.registry = registry, .asked = asked, .now_utc_ms = now_utc_ms};
    making.out = open_memstream(&bytes.data, &bytes.len);
    if (!making.out)
        return -ENOMEM;
    int rc;
    if (asked->feed == FEED_ALERTS || asked->feed == FEED_VEHICLES)
        rc = make_page(store, &making);
    else if (asked->feed == FEED_GTFS_POSITIONS || asked->feed == FEED_GTFS_ALERTS)
        rc = make_gtfs(store, &making, &bytes.head_len);
    else if (asked->feed == FEED_STORE_METRICS)
        rc = metrics_store(making.out, store, now_utc_ms);
    else
        rc = make_table(store, &making);
    const bool whole = !ferror(making.out);
    if (fclose(making.out) != 0 || (rc == 0 && !whole))
        rc = -ENOMEM;
    if (rc != 0) {
        free(bytes.data);
        return rc;
    }
    *ret = bytes;
    return 0;
}
