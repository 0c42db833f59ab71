#include "gateway/status.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto/exitcode.h"
#include "proto/modeljson.h"

/* --- the answer --- */

static void add_fault(json_t *faults, const char *part, const char *reason)
{
    (void)json_array_append_new(faults,
                                json_pack("{s:s, s:o}", "part", part, "reason", modeljson_text(reason)));
}

static json_t *source_json(const struct source *source, int64_t mono_ms, const char *part, json_t *faults)
{
    static const char *const states[] = {
        [SOURCE_CLOSED] = "closed", [SOURCE_CONNECTING] = "connecting", [SOURCE_OPEN] = "open"};
    const struct source_stats *stats = source_stats(source);
    const bool heard = stats->last_mono_ms > 0;
    const double silent_s = heard ? (double)(mono_ms - stats->last_mono_ms) / 1000 : (double)NAN;
    if (stats->state != SOURCE_OPEN)
        add_fault(faults, part, stats->reason[0] != '\0' ? stats->reason : "not open");
    else if (!heard || silent_s > 5)
        add_fault(faults, part, "silent");
    return json_pack("{s:s, s:I, s:I, s:I, s:o, s:o}", "state", states[stats->state], "opened",
                     (json_int_t)stats->opened, "messages", (json_int_t)stats->messages, "refused",
                     (json_int_t)stats->bad, "silent_s", modeljson_number(silent_s, 1), "reason",
                     modeljson_text(stats->reason));
}

static json_t *gps_json(const struct status_parts *parts, json_t *faults)
{
    const struct watch_state *state = watch_state(parts->watch);
    json_t *json = source_json(parts->gps, parts->mono_ms, "gps", faults);
    const bool fresh = state->has_position && parts->mono_ms - state->fix_mono_ms <= 5000;
    if (!fresh && source_stats(parts->gps)->state == SOURCE_OPEN)
        add_fault(faults, "gps", "no position");
    modeljson_put(&json, "position", json_boolean(fresh));
    modeljson_put(&json, "lat", modeljson_degrees(fresh, state->fix.position.lat_deg));
    modeljson_put(&json, "lon", modeljson_degrees(fresh, state->fix.position.lon_deg));
    modeljson_put(&json, "accuracy_m",
                  modeljson_number(fresh ? state->fix.position.accuracy_m : (double)NAN, 1));
    modeljson_put(&json, "speed_kmh", modeljson_number(fresh ? state->fix.speed_mps * 3.6 : (double)NAN, 1));
    modeljson_put(&json, "fix_at", modeljson_instant(state->fix_utc_ms));
    return json;
}

static const char *tri(enum bw_tri value)
{
    static const char *const names[] = {[BW_UNKNOWN] = "unknown", [BW_NO] = "no", [BW_YES] = "yes"};
    return names[value];
}

static json_t *belts_json(const struct bw_belts *belts)
{
    return json_pack("{s:s, s:i, s:i}", "quality", modeljson_quality(belts->quality), "open_low",
                     (int)belts->open_low, "open_high", (int)belts->open_high);
}

/* Only what has a signal can be wrong. */
static void add_cabin_faults(const struct bw_cabin *cabin, const struct cabinbus_stats *stats, json_t *faults)
{
    if (cabin->occupancy.quality != BW_QUALITY_GOOD)
        add_fault(faults, "cabin", "some seats are not known");
    if (stats->belts > 0 && cabin->belts.quality != BW_QUALITY_GOOD)
        add_fault(faults, "cabin", "some belts are not known");
    if (cabin->main_power == BW_NO)
        add_fault(faults, "cabin", "main power is gone");
    if (cabin->antenna_ok == BW_NO)
        add_fault(faults, "gps", "antenna is open or short");
}

static json_t *cabin_json(const struct status_parts *parts, json_t *faults)
{
    if (parts->bus == NULL)
        return json_null();
    struct bw_cabin cabin;
    struct cabinbus_stats stats;
    cabinbus_estimate(parts->bus, parts->mono_ms, &cabin);
    cabinbus_stats(parts->bus, &stats);
    json_t *json = source_json(parts->can, parts->mono_ms, "cabin", faults);
    add_cabin_faults(&cabin, &stats, faults);
    modeljson_put(&json, "aboard", modeljson_occupancy(&cabin.occupancy));
    modeljson_put(&json, "door_open", json_string(tri(cabin.door_open)));
    modeljson_put(&json, "ignition_on", json_string(tri(cabin.ignition_on)));
    modeljson_put(&json, "belts", belts_json(&cabin.belts));
    modeljson_put(&json, "main_power", json_string(tri(cabin.main_power)));
    modeljson_put(&json, "antenna_ok", json_string(tri(cabin.antenna_ok)));
    modeljson_put(&json, "wheel_kmh",
                  modeljson_number(cabin.wheel_known ? cabin.wheel_mps * 3.6 : (double)NAN, 1));
    modeljson_put(&json, "seats", json_integer((json_int_t)stats.seats));
    modeljson_put(&json, "belt_signals", json_integer((json_int_t)stats.belts));
    modeljson_put(&json, "doors", json_integer((json_int_t)stats.doors));
    modeljson_put(&json, "unknown_frames", json_integer((json_int_t)stats.unknown_frames));
    modeljson_put(&json, "short_frames", json_integer((json_int_t)stats.short_frames));
    modeljson_put(&json, "refused_values", json_integer((json_int_t)stats.refused_values));
    return json;
}

static void add_issued_fault(const struct status_parts *parts, enum issued_kind kind, json_t *faults)
{
    const char *fault = watch_fault(parts->watch, kind);
    if (fault[0] != '\0')
        add_fault(faults, issued_name(kind), fault);
}

static json_t *licence_json(const struct status_parts *parts, json_t *faults)
{
    const struct bw_licence *licence = watch_licence(parts->watch);
    add_issued_fault(parts, ISSUED_LICENCE, faults);
    if (licence == NULL) {
        add_fault(faults, "licence", "none held");
        return json_null();
    }
    return json_pack("{s:I, s:o, s:o, s:i, s:i, s:i}", "version", (json_int_t)licence->version, "issued_at",
                     modeljson_instant(licence->issued_utc_ms), "plate", modeljson_text(licence->plate),
                     "capacity", (int)licence->approved_capacity, "permits", (int)licence->n_permits,
                     "routes", (int)licence->n_routes);
}

/* Those in force now, by name: none when nobody knows the time. */
static json_t *orders_json(const struct status_parts *parts, json_t *faults)
{
    const struct bw_orders *orders = watch_orders(parts->watch);
    add_issued_fault(parts, ISSUED_ORDERS, faults);
    if (orders == NULL)
        return json_null();
    json_t *in_force = json_array();
    for (size_t i = 0; i < orders->n_orders; i++) {
        const struct bw_order *order = &orders->orders[i];
        if (order->from_utc_ms <= parts->utc_ms && parts->utc_ms < order->until_utc_ms)
            (void)json_array_append_new(in_force, modeljson_text(order->order_id));
    }
    return json_pack("{s:I, s:o, s:I, s:o}", "version", (json_int_t)orders->version, "issued_at",
                     modeljson_instant(orders->issued_utc_ms), "held", (json_int_t)orders->n_orders,
                     "in_force", in_force);
}

static json_t *alerts_json(const struct status_parts *parts)
{
    struct bw_alert open[ENGINE_ALERTS_MAX];
    const size_t n = watch_open_alerts(parts->watch, open);
    json_t *alerts = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *alert = json_object();
        modeljson_put_alert(&alert, &open[i]);
        (void)json_array_append_new(alerts, alert);
    }
    return alerts;
}

static json_t *class_json(struct outbox *outbox, enum bw_record_class cls)
{
    struct outbox_depth depth;
    if (outbox == NULL || outbox_depth(outbox, cls, &depth) != 0)
        return json_null();
    return json_pack("{s:I, s:I, s:I, s:I, s:o}", "waiting", (json_int_t)depth.records, "oldest_seq",
                     (json_int_t)depth.oldest_seq, "next_seq", (json_int_t)depth.next_seq, "evicted",
                     (json_int_t)depth.evicted, "oldest_at", modeljson_instant(depth.oldest_utc_ms));
}

static json_t *outbox_json(const struct status_parts *parts, json_t *faults)
{
    const struct watch_state *state = watch_state(parts->watch);
    if (state->outbox_fault[0] != '\0')
        add_fault(faults, "outbox", state->outbox_fault);
    if (state->set_aside > 0)
        add_fault(faults, "outbox", "a corrupt file was set aside");
    struct outbox *outbox = watch_outbox(parts->watch);
    return json_pack("{s:o, s:o, s:I, s:I, s:I}", "alert", class_json(outbox, BW_RECORD_ALERT), "track",
                     class_json(outbox, BW_RECORD_TRACK), "unsaved", (json_int_t)state->unsaved, "lost",
                     (json_int_t)state->lost, "set_aside", (json_int_t)state->set_aside);
}

static json_t *uplink_json(const struct status_parts *parts, json_t *faults)
{
    if (parts->uplink == NULL) {
        add_fault(faults, "uplink", "not running");
        return json_null();
    }
    struct uplink_stats stats;
    uplink_stats(parts->uplink, &stats);
    if (!stats.connected)
        add_fault(faults, "uplink", stats.reason[0] != '\0' ? stats.reason : "not connected");
    return json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "connected", stats.connected,
                     "connects", (json_int_t)stats.connects, "alerts_sent", (json_int_t)stats.sent[0],
                     "tracks_sent", (json_int_t)stats.sent[1], "receipts", (json_int_t)stats.receipts,
                     "receipts_refused", (json_int_t)stats.receipts_refused, "licences_refused",
                     (json_int_t)stats.issued_refused[ISSUED_LICENCE], "orders_refused",
                     (json_int_t)stats.issued_refused[ISSUED_ORDERS], "last_receipt_at",
                     modeljson_instant(stats.last_receipt_utc_ms), "reason", modeljson_text(stats.reason));
}

json_t *status_json(const struct status_parts *parts)
{
    static const char *const clocks[] = {
        [BW_CLOCK_NONE] = "none", [BW_CLOCK_SYSTEM] = "system", [BW_CLOCK_GNSS] = "gnss"};
    json_t *json = json_object();
    json_t *faults = json_array();
    modeljson_put(&json, "vehicle", json_string(parts->config->vehicle));
    modeljson_put(&json, "division", json_string(parts->config->division));
    modeljson_put(&json, "software", json_string(BUSWARDEN_VERSION));
    modeljson_put(
        &json, "clock",
        json_pack("{s:s, s:o}", "source", clocks[parts->clock], "utc", modeljson_instant(parts->utc_ms)));
    modeljson_put(&json, "gps", gps_json(parts, faults));
    modeljson_put(&json, "cabin", cabin_json(parts, faults));
    modeljson_put(&json, "licence", licence_json(parts, faults));
    modeljson_put(&json, "orders", orders_json(parts, faults));
    modeljson_put(&json, "alerts", alerts_json(parts));
    modeljson_put(&json, "outbox", outbox_json(parts, faults));
    modeljson_put(&json, "uplink", uplink_json(parts, faults));
    modeljson_put(&json, "faults", faults);
    return json;
}

/* --- the subcommand --- */

static const char usage[] =
    "NAME\n"
    "    buswarden-gateway status - say how the running gateway is\n"
    "\n"
    "SYNOPSIS\n"
    "    buswarden-gateway status --config FILE [--json]\n"
    "\n"
    "DESCRIPTION\n"
    "    Asks the gateway over its control socket and prints what it has, and first of all what is wrong.\n"
    "\n"
    "OPTIONS\n"
    "    --config FILE  the gateway's configuration: names the socket (default /etc/buswarden/gateway.conf)\n"
    "    --json         the whole answer as one JSON object\n"
    "\n"
    "EXIT STATUS\n"
    "    0  all is well   1  something is wrong   2  wrong use   3  the gateway does not answer\n";

enum { ANSWER_MAX = 256 * 1024 };

int status_dial(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    const struct timeval patience = {.tv_sec = 5};
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) !=
            0 || /* connect() heeds this one */
        connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        const int error = -errno;
        (void)close(fd);
        return error;
    }
    return fd;
}

/* Everything until the other end closes. New reference or NULL, with the reason printed. */
static json_t *ask(const char *path)
{
    static char answer[ANSWER_MAX];
    const int fd = status_dial(path);
    size_t len = 0;
    ssize_t n = fd;
    while (fd >= 0 && len < sizeof answer && (n = read(fd, answer + len, sizeof answer - len)) > 0)
        len += (size_t)n;
    const int error = fd < 0 ? -fd : n < 0 ? errno : 0;
    if (fd >= 0)
        (void)close(fd);
    json_t *json = error == 0 ? json_loadb(answer, len, 0, NULL) : NULL;
    if (json == NULL)
        (void)fprintf(stderr, "buswarden-gateway status: %s: %s\n", path,
                      error == 0        ? "not an answer of a gateway"
                      : error == EAGAIN ? "no answer within 5 s"
                                        : strerror(error));
    return json;
}

static const char *text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text != NULL ? text : "-";
}

static const char *text_at(const json_t *json, const char *part, const char *key)
{
    return text_of(json_object_get(json, part), key);
}

static double number_at(const json_t *json, const char *part, const char *key)
{
    return json_number_value(json_object_get(json_object_get(json, part), key));
}

static void print_cabin(const json_t *cabin)
{
    (void)printf("cabin     %s, %.0f aboard (%s), door open: %s, ignition: %s\n", text_of(cabin, "state"),
                 number_at(cabin, "aboard", "count"), text_at(cabin, "aboard", "quality"),
                 text_of(cabin, "door_open"), text_of(cabin, "ignition_on"));
    (void)printf("belts     %.0f persons on open belts (%s)\n", number_at(cabin, "belts", "open_low"),
                 text_at(cabin, "belts", "quality"));
    const json_t *wheel = json_object_get(cabin, "wheel_kmh");
    (void)printf("power     main: %s, antenna: %s, wheels: ", text_of(cabin, "main_power"),
                 text_of(cabin, "antenna_ok"));
    if (json_is_number(wheel))
        (void)printf("%.0f km/h\n", json_number_value(wheel));
    else
        (void)printf("unknown\n");
}

static void print_plain(const json_t *json)
{
    size_t i;
    const json_t *item;
    const json_t *faults = json_object_get(json, "faults");
    (void)printf("vehicle   %s (%s), software %s\n", json_string_value(json_object_get(json, "vehicle")),
                 json_string_value(json_object_get(json, "division")),
                 json_string_value(json_object_get(json, "software")));
    json_array_foreach(faults, i, item)(void)
        printf("WRONG     %s: %s\n", json_string_value(json_object_get(item, "part")),
               json_string_value(json_object_get(item, "reason")));
    json_array_foreach(json_object_get(json, "alerts"), i, item)(void)
        printf("ALERT     %s (%s) since %s\n", text_of(item, "kind"), text_of(item, "severity"),
               text_of(item, "raised_at")); /* null: no time yet */
    (void)printf("clock     %s, from %s\n", text_at(json, "clock", "utc"), text_at(json, "clock", "source"));
    (void)printf("gps       %s, last position %s\n", text_at(json, "gps", "state"),
                 text_at(json, "gps", "fix_at"));
    const json_t *cabin = json_object_get(json, "cabin");
    if (json_is_object(cabin))
        print_cabin(cabin);
    (void)printf("licence   version %.0f, plate %s, capacity %.0f\n", number_at(json, "licence", "version"),
                 text_at(json, "licence", "plate"), number_at(json, "licence", "capacity"));
    const json_t *orders = json_object_get(json, "orders");
    if (json_is_object(orders))
        (void)printf("orders    version %.0f, %zu of %.0f in force\n", number_at(json, "orders", "version"),
                     json_array_size(json_object_get(orders, "in_force")), number_at(json, "orders", "held"));
    json_array_foreach(json_object_get(orders, "in_force"), i, item)(void)
        printf("ORDER     %s is in force\n", json_string_value(item));
    const json_t *outbox = json_object_get(json, "outbox");
    (void)printf("outbox    %.0f alerts and %.0f track records wait for the bureau\n",
                 number_at(outbox, "alert", "waiting"), number_at(outbox, "track", "waiting"));
    (void)printf("uplink    %s, last receipt %s\n",
                 json_is_true(json_object_get(json_object_get(json, "uplink"), "connected"))
                     ? "connected"
                     : "not connected",
                 text_at(json, "uplink", "last_receipt_at"));
}

int status_main(int argc, char **argv)
{
    static const struct option table[] = {{"config", required_argument, NULL, 'c'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    static struct gateway_config config; /* large */
    const char *path = "/etc/buswarden/gateway.conf";
    char reason[SETTINGS_REASON_MAX];
    bool as_json = false;
    for (int option; (option = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        if (option == 'h')
            return fputs(usage, stdout) < 0 ? EXIT_CANNOT : EXIT_DONE;
        if (option == 'c')
            path = optarg;
        else if (option == 'j')
            as_json = true;
        else
            return EXIT_USAGE; /* getopt has said why */
    }
    if (optind < argc) {
        (void)fprintf(stderr, "buswarden-gateway status: unexpected argument: %s\n", argv[optind]);
        return EXIT_USAGE;
    }
    if (config_load(path, &config, reason) != 0) {
        (void)fprintf(stderr, "%s\n", reason);
        return EXIT_USAGE;
    }
    json_t *json = ask(config.status_path);
    if (json == NULL)
        return EXIT_CANNOT;
    if (as_json)
        (void)(json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12)), putchar('\n'));
    else
        print_plain(json);
    const int code = json_array_size(json_object_get(json, "faults")) > 0 ? EXIT_NO : EXIT_DONE;
    json_decref(json);
    return fflush(stdout) != 0 ? EXIT_CANNOT : code;
}
