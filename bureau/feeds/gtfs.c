#include "bureau/feeds/gtfs.h"

#include "bureau/api/json.h"
#include "proto/wire_gtfs.h"
#include "proto/words.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Concerned by what has no route that anybody knows: the standard asks for somebody. */
static const char AGENCY[] = "buswarden";

enum { TEXT_MAX = 2 * BW_NAME_LEN, SMALL_VEHICLE = 16 };

uint32_t feed_rounded_percent(uint32_t aboard, uint32_t capacity)
{
    const uint32_t step = capacity < SMALL_VEHICLE ? 50 : 25;
    if (capacity == 0)
        return 0;
    const uint32_t percent = (200 * aboard + capacity * step) / (2 * capacity * step) * step;
    return percent < 100 ? percent : 100;
}

static uint32_t exact_percent(uint32_t aboard, uint32_t capacity)
{
    return (200 * aboard + capacity) / (2 * capacity);
}

static enum gtfs_occupancy occupancy_of(uint32_t percent)
{
    if (percent == 0)
        return GTFS_EMPTY;
    if (percent <= 50)
        return GTFS_MANY_SEATS;
    return percent < 100 ? GTFS_FEW_SEATS : GTFS_FULL;
}

/* The route of a vehicle whose permits name only one; else nobody knows which it is on. */
static const char *only_route(const struct registry *registry, const char *vehicle)
{
    size_t n;
    const struct registry_permit *permits = registry_permits(registry, vehicle, &n);
    const char *route = NULL;
    for (size_t i = 0; permits && i < n; i++) {
        if (permits[i].permit.status != BW_STATUS_ACTIVE)
            continue;
        if (route && strcmp(route, permits[i].permit.route_id) != 0)
            return NULL;
        route = permits[i].permit.route_id;
    }
    return route;
}

int feed_gtfs_vehicle(FILE *out, const struct registry *registry, const struct store_vehicle *row,
                      int64_t now_utc_ms, bool is_public)
{
    const struct bw_presence *presence = &row->presence;
    if (now_utc_ms > apijson_live_until_utc_ms(row) || !presence->has_position)
        return 0;
    struct gtfs_position position = {.vehicle = row->vehicle,
                                     .plate = is_public ? NULL : row->plate,
                                     .route = only_route(registry, row->vehicle),
                                     .lat_deg = presence->lat_deg,
                                     .lon_deg = presence->lon_deg,
                                     .speed_mps = is_public ? (double)NAN : (double)presence->speed_mps,
                                     .fix_utc_ms = presence->fix_utc_ms,
                                     .occupancy = GTFS_OCCUPANCY_UNKNOWN};
    if (presence->occupancy.quality != BW_QUALITY_UNKNOWN && row->capacity > 0) {
        const uint32_t aboard = presence->occupancy.count;
        position.percent =
            is_public ? feed_rounded_percent(aboard, row->capacity) : exact_percent(aboard, row->capacity);
        position.occupancy = !is_public && aboard > 0 && position.percent == 0
                                 ? GTFS_MANY_SEATS
                                 : occupancy_of(position.percent);
    }
    return gtfs_write_position(out, &position);
}

/* --- alerts --- */

static enum gtfs_severity severity_of(enum bw_severity severity)
{
    if (severity >= BW_SERIOUS)
        return GTFS_SEVERE;
    return severity == BW_MINOR ? GTFS_WARNING : GTFS_INFO;
}

/* An order that is in force exempts a departure: then it is a detour of that route (Art. 30). */
static bool is_exempted(const struct bw_alert *alert)
{
    return alert->kind == BW_OFF_ROUTE && alert->evidence.off_route.exempted_by[0] != '\0';
}

static const char *route_of_alert(const struct registry *registry, const struct store_alert *row)
{
    const char *route = row->alert.kind == BW_OFF_ROUTE ? row->alert.evidence.off_route.route_id : "";
    return *route ? route : only_route(registry, row->vehicle);
}

/* Who is aboard, against what is approved; NULLs when nobody knows. */
static struct gtfs_text describe(const struct registry *registry, const struct store_alert *row,
                                 char zh[TEXT_MAX], char en[TEXT_MAX])
{
    const struct registry_vehicle *vehicle = registry_vehicle(registry, row->vehicle);
    const struct bw_occupancy *aboard = &row->alert.occupancy;
    if (aboard->quality == BW_QUALITY_UNKNOWN || !vehicle)
        return (struct gtfs_text){NULL, NULL};
    (void)snprintf(zh, TEXT_MAX, "车上 %u 人，核定 %u 人", aboard->count, vehicle->approved_capacity);
    (void)snprintf(en, TEXT_MAX, "%u aboard, %u approved", aboard->count, vehicle->approved_capacity);
    return (struct gtfs_text){zh, en};
}

int feed_gtfs_alert(FILE *out, const struct registry *registry, const struct store_alert *row)
{
    const struct bw_alert *alert = &row->alert;
    char id[40], zh[TEXT_MAX], en[TEXT_MAX], more_zh[TEXT_MAX], more_en[TEXT_MAX];
    const char *plate = *row->plate ? row->plate : row->vehicle;
    const char *route = route_of_alert(registry, row);
    (void)snprintf(id, sizeof(id), "alert-%" PRId64, row->id);
    (void)snprintf(zh, sizeof(zh), "%s：%s", words_kind(WORDS_ZH, alert->kind), plate);
    (void)snprintf(en, sizeof(en), "%s: %s", words_kind(WORDS_EN, alert->kind), plate);
    const struct gtfs_alert entity = {.id = id,
                                      .from_utc_ms = alert->raised_utc_ms,
                                      .cause = GTFS_OTHER_CAUSE,
                                      .effect = is_exempted(alert) ? GTFS_DETOUR : GTFS_OTHER_EFFECT,
                                      .severity = severity_of(alert->severity),
                                      .header = {zh, en},
                                      .description = describe(registry, row, more_zh, more_en),
                                      .agency = *row->division ? row->division : AGENCY,
                                      .n_routes = route ? 1 : 0,
                                      .routes = &route};
    return gtfs_write_alert(out, &entity);
}

/* --- orders --- */

/* Those that the order names, or all of the registry. free() it. */
/* Those of them that a vehicle of the school drives; school NULL = all. */
static const char **routes_of(const struct registry *registry, const struct bw_order *order,
                              const char *school, size_t *ret_n)
{
    const size_t n = order->n_routes > 0 ? order->n_routes : registry->n_routes;
    const char **routes = calloc(n > 0 ? n : 1, sizeof(*routes));
    size_t n_told = 0;
    for (size_t i = 0; routes && i < n; i++) {
        const char *route = order->n_routes > 0 ? order->routes[i] : registry->routes[i].route_id;
        if (!school || registry_school_drives(registry, school, route))
            routes[n_told++] = route;
    }
    *ret_n = n_told;
    return routes;
}

int feed_gtfs_order(FILE *out, const struct registry *registry, const struct bw_order *order,
                    const char *school, int64_t now_utc_ms)
{
    if (now_utc_ms < order->from_utc_ms || now_utc_ms >= order->until_utc_ms)
        return 0;
    const bool exempts = order->kind == BW_ORDER_EXEMPTION;
    char id[BW_ID_LEN + 8], zh[TEXT_MAX], en[TEXT_MAX];
    (void)snprintf(id, sizeof(id), "order-%s", order->order_id);
    (void)snprintf(zh, sizeof(zh), "%s：%s", exempts ? "允许绕行" : "天气限速", order->reason);
    (void)snprintf(en, sizeof(en), "%s: %s", exempts ? "Detour allowed" : "Lower speed limit for weather",
                   order->reason);
    size_t n_routes;
    const char **routes = routes_of(registry, order, school, &n_routes);
    if (!routes)
        return -ENOMEM;
    if (school && n_routes == 0) {
        free(routes);
        return 0;
    }
    const struct gtfs_alert entity = {.id = id,
                                      .from_utc_ms = order->from_utc_ms,
                                      .until_utc_ms = order->until_utc_ms,
                                      .cause = exempts ? GTFS_OTHER_CAUSE : GTFS_WEATHER,
                                      .effect = exempts ? GTFS_DETOUR : GTFS_OTHER_EFFECT,
                                      .severity = exempts ? GTFS_INFO : GTFS_WARNING,
                                      .header = {zh, en},
                                      .agency = AGENCY,
                                      .n_routes = n_routes,
                                      .routes = routes};
    const int rc = gtfs_write_alert(out, &entity);
    free(routes);
    return rc;
}
