/* Drives a recorded drive through the real gateway and into a bureau's store, for tests/integration/rejudge:
 *     rejudge_drive STORE VEHICLE LICENCE TPV.json CANDUMP.log DBC [OFFSET_S [KIND...]]
 * The gateway's watch judges it, with its outbox in a new folder beside the store, which stays; what that
 * holds is sealed again without the alerts of the kinds named, as a device would that was worked on, and goes
 * through ingest's verifying into the store, received a second after it happened. The licence is issued to
 * the vehicle a day before, unsigned. OFFSET_S moves the drive in time. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bureau/ingest/batch.h"
#include "gateway/cabinbus.h"
#include "gateway/dates.h"
#include "gateway/issuedfile.h"
#include "gateway/source/candump.h"
#include "gateway/source/tpv.h"
#include "gateway/watch.h"
#include "proto/modeljson.h"

enum { LINE_LEN = 4096, PATH_LEN = 256, RECEIVED_AFTER_MS = 1000, DAY_MS = 86400000, TAIL_S = 90 };

static void die(const char *what, int error)
{
    (void)fprintf(stderr, "rejudge_drive: %s: %s\n", what, strerror(error < 0 ? -error : error));
    exit(3);
}

/* --- the recording --- */

struct input {
    FILE *file;
    bool is_gps, has;
    int64_t utc_ms;
    struct gps_report report;
    struct can_frame_in frame;
};

static void next(struct input *input, const struct gps_window *window)
{
    char line[LINE_LEN];
    const char *reason;
    input->has = false;
    while (!input->has && fgets(line, sizeof line, input->file) != NULL) {
        int64_t utc_us = 0;
        if (input->is_gps)
            input->has = tpv_parse(line, strlen(line), window, &input->report, &reason) == 0 &&
                         input->report.utc_ms > 0;
        else
            input->has = candump_parse(line, strlen(line), &utc_us, &input->frame, &reason) == 0;
        input->utc_ms = input->is_gps ? input->report.utc_ms : utc_us / 1000;
    }
}

static struct input open_input(const char *path, bool is_gps, const struct gps_window *window)
{
    struct input input = {.file = fopen(path, "re"), .is_gps = is_gps};
    if (input.file == NULL)
        die(path, errno);
    next(&input, window);
    return input;
}

/* --- the gateway --- */

static void on_alert(void *context, const struct bw_alert *alert, bool saved)
{
    (void)context, (void)alert;
    if (!saved)
        die("an alert was not saved", EIO);
}

struct drive {
    struct watch *watch;
    struct cabinbus *bus;
    struct bw_cabin cabin;
    int64_t start_utc_ms, cabin_utc_ms, offset_ms;
};

static void tell(struct drive *drive, struct bw_event event, int64_t utc_ms)
{
    event.mono_ms = utc_ms - drive->start_utc_ms + 1;
    event.utc_ms = utc_ms + drive->offset_ms;
    event.clock = BW_CLOCK_GNSS;
    (void)watch_event(drive->watch, &event);
}

static void tell_cabin(struct drive *drive, int64_t utc_ms, bool confirm)
{
    struct bw_event event = {.type = BW_EVENT_CABIN};
    cabinbus_estimate(drive->bus, utc_ms - drive->start_utc_ms + 1, &event.u.cabin);
    if (!confirm && cabinbus_same(&event.u.cabin, &drive->cabin))
        return;
    drive->cabin = event.u.cabin;
    drive->cabin_utc_ms = utc_ms;
    tell(drive, event, utc_ms);
}

static void play(struct drive *drive, struct input *gps, struct input *can, const struct gps_window *window)
{
    int64_t last_utc_ms = 0;
    drive->start_utc_ms = gps->utc_ms < can->utc_ms ? gps->utc_ms : can->utc_ms;
    while (gps->has || can->has) {
        struct input *input = !can->has || (gps->has && gps->utc_ms <= can->utc_ms) ? gps : can;
        last_utc_ms = input->utc_ms;
        if (input->is_gps) {
            struct bw_event event = {.type = input->report.mode >= 2 ? BW_EVENT_FIX : BW_EVENT_NO_FIX,
                                     .u.fix = input->report.fix};
            tell(drive, event, last_utc_ms);
        } else {
            cabinbus_frame(drive->bus, &input->frame, last_utc_ms - drive->start_utc_ms + 1);
            tell_cabin(drive, last_utc_ms, last_utc_ms - drive->cabin_utc_ms >= 1000);
        }
        next(input, window);
    }
    for (int s = 0; s < TAIL_S; s++) /* it stands as it stood: the trip ends, and is told */
        tell(drive, (struct bw_event){.type = BW_EVENT_CABIN, .u.cabin = drive->cabin}, last_utc_ms += 1000);
}

/* --- into the bureau --- */

struct bureau {
    struct store *store;
    struct batch *batch;
    struct vehicles *vehicles;
    struct seal_key key;
    char vehicle[BW_ID_LEN], division[BW_DIVISION_LEN];
    uint8_t stream[BW_STREAM_LEN];
    struct {
        uint64_t seq;
        uint8_t head[BW_HASH_LEN];
    } chains[2];
    uint64_t sent, muted;
};

static void send_body(struct bureau *bureau, enum bw_record_class cls, const struct wire_body *body,
                      int64_t utc_ms)
{
    struct wire_bytes encoded;
    struct wire_record record = {.cls = cls, .seq = ++bureau->chains[cls - 1].seq};
    int error = wire_body_encode(body, &encoded);
    if (error != 0)
        die("a record", error);
    memcpy(record.stream, bureau->stream, BW_STREAM_LEN);
    memcpy(record.prev, bureau->chains[cls - 1].head, BW_HASH_LEN);
    memcpy(record.body, encoded.data, encoded.len);
    record.body_len = encoded.len;
    wire_bytes_free(&encoded);
    seal_record_sign(&record, bureau->division, bureau->vehicle, &bureau->key);
    seal_record_hash(&record, bureau->division, bureau->vehicle, bureau->chains[cls - 1].head);
    struct batch_item *item = batch_next(bureau->batch);
    *item = (struct batch_item){.topic.channel = cls == BW_RECORD_ALERT ? TOPIC_ALERT : TOPIC_TRACK,
                                .record = record};
    memcpy(item->topic.division, bureau->division, sizeof item->topic.division);
    memcpy(item->topic.vehicle, bureau->vehicle, sizeof item->topic.vehicle);
    struct batch_outcome outcome;
    error = judge_body(&record, &item->body);
    if (error == 0)
        error = wire_record_encode(&record, &item->bytes);
    batch_keep(bureau->batch);
    if (error == 0)
        error = batch_apply(bureau->batch, bureau->store, bureau->vehicles, 1000, utc_ms + RECEIVED_AFTER_MS,
                            &outcome);
    batch_clear(bureau->batch);
    if (error != 0 || outcome.counts[VERDICT_ACCEPTED] != 1)
        die(error != 0 ? "the store" : outcome.reason, error != 0 ? error : EPROTO);
    bureau->sent++;
}

struct waiting {
    bool has;
    uint64_t seq;
    struct wire_body body;
    int64_t utc_ms;
};

static void peek(struct outbox *outbox, enum bw_record_class cls, struct waiting *waiting)
{
    struct wire_bytes bytes = {0};
    struct wire_record record;
    const int error = outbox_peek(outbox, cls, waiting->seq + 1, &waiting->seq, &bytes);
    waiting->has = error == 0;
    if (error == -ENOENT)
        return;
    if (error != 0 || wire_record_decode(bytes.data, bytes.len, &record) != 0 ||
        judge_body(&record, &waiting->body) != 0)
        die("the outbox", error);
    wire_bytes_free(&bytes);
    const struct wire_body *body = &waiting->body;
    waiting->utc_ms = body->type == WIRE_BODY_ALERT   ? body->u.alert.time_utc_ms
                      : body->type == WIRE_BODY_TRACK ? body->u.track.fixes[body->u.track.n - 1].utc_ms
                      : body->type == WIRE_BODY_TRIP  ? body->u.trip.ended_utc_ms
                                                      : 0;
}

static bool is_muted(const struct wire_body *body, char **kinds)
{
    for (; *kinds != NULL; kinds++)
        if (body->type == WIRE_BODY_ALERT && strcmp(*kinds, modeljson_kind(body->u.alert.kind)) == 0)
            return true;
    return false;
}

/* In order of time, of one instant the alerts first. */
static void send_all(struct bureau *bureau, struct outbox *outbox, char **kinds)
{
    struct waiting waiting[2] = {{.has = false}};
    peek(outbox, BW_RECORD_ALERT, &waiting[0]);
    peek(outbox, BW_RECORD_TRACK, &waiting[1]);
    while (waiting[0].has || waiting[1].has) {
        const bool track = !waiting[0].has || (waiting[1].has && waiting[1].utc_ms < waiting[0].utc_ms);
        struct waiting *now = &waiting[track];
        if (is_muted(&now->body, kinds))
            bureau->muted++;
        else
            send_body(bureau, track ? BW_RECORD_TRACK : BW_RECORD_ALERT, &now->body, now->utc_ms);
        peek(outbox, track ? BW_RECORD_TRACK : BW_RECORD_ALERT, now);
    }
}

static void open_bureau(struct bureau *bureau, const char *path, const char *vehicle)
{
    (void)snprintf(bureau->vehicle, sizeof bureau->vehicle, "%s", vehicle);
    int error = store_open(path, &bureau->store);
    if (error == 0)
        error = batch_create(1, &CASE_POLICY_DEFAULT, &bureau->batch);
    if (error == 0)
        error = vehicles_create(&bureau->vehicles);
    if (error == 0)
        error = store_vehicle_division(bureau->store, vehicle, bureau->division);
    seal_key_generate(&bureau->key);
    memcpy(bureau->stream, bureau->key.public_key, BW_STREAM_LEN);
    if (error == 0)
        error = store_vehicle_key_set(bureau->store, vehicle, bureau->key.public_key);
    if (error != 0)
        die(path, error);
}

/* Issued a day before the drive. The vehicle gets the same, in a file. */
static void issue(struct bureau *bureau, struct issued *licence, int64_t utc_ms, const char *path)
{
    struct wire_bytes sealed;
    licence->u.licence.issued_utc_ms = utc_ms;
    licence->u.licence.version = (uint64_t)(utc_ms / 1000);
    int error = issued_seal(licence, NULL, &sealed);
    if (error == 0)
        error = issuedfile_store(path, sealed.data, sealed.len);
    if (error == 0)
        error = store_issued_put(bureau->store, ISSUED_LICENCE, bureau->vehicle, licence->u.licence.version,
                                 sealed.data, sealed.len);
    if (error != 0 && error != -EEXIST) /* the drive of another day: it holds that one already */
        die("the licence", error);
    wire_bytes_free(&sealed);
}

int main(int argc, char **argv)
{
    static struct bureau bureau;
    struct issued licence = {.kind = ISSUED_LICENCE};
    const struct issued_for anyone = {.key = NULL};
    char dir[PATH_LEN], outbox[PATH_LEN + 16], held[PATH_LEN + 16], orders[PATH_LEN + 16], reason[512];
    if (argc < 7)
        return fputs("usage: rejudge_drive STORE VEHICLE LICENCE TPV CANDUMP DBC [OFFSET_S [KIND...]]\n",
                     stderr),
               2;
    (void)snprintf(dir, sizeof dir, "%s.drive-XXXXXX", argv[1]);
    if (seal_init() != 0 || mkdtemp(dir) == NULL)
        die(dir, errno);
    (void)snprintf(outbox, sizeof outbox, "%s/outbox.db", dir);
    (void)snprintf(held, sizeof held, "%s/licence.pb", dir);
    (void)snprintf(orders, sizeof orders, "%s/orders.pb", dir);
    open_bureau(&bureau, argv[1], argv[2]);
    int error = issuedfile_load(ISSUED_LICENCE, argv[3], &anyone, &licence);
    if (error != 0)
        die(argv[3], error);
    const struct gps_window window = dates_believable(&licence.u.licence, true);
    struct input gps = open_input(argv[4], true, &window), can = open_input(argv[5], false, &window);
    struct drive drive = {.offset_ms = argc > 7 ? strtoll(argv[7], NULL, 10) * 1000 : 0};
    issue(&bureau, &licence, gps.utc_ms + drive.offset_ms - DAY_MS, held);
    if (cabinbus_create(argv[6], NULL, 0, &drive.bus, reason) != 0)
        die(reason, EINVAL);
    const struct watch_config config = {
        .vehicle = argv[2],
        .division = bureau.division,
        .paths = {held, orders},
        .outbox = {.path = outbox, .division = bureau.division, .vehicle = argv[2], .key = &bureau.key},
        .on_alert = on_alert,
    };
    error = watch_open(&config, &drive.watch, reason);
    if (error != 0)
        die(reason, error);
    play(&drive, &gps, &can, &window);
    (void)watch_flush(drive.watch);
    send_all(&bureau, watch_outbox(drive.watch), argv + (argc > 8 ? 8 : argc));
    watch_close(drive.watch);
    (void)printf("%" PRIu64 " records, %" PRIu64 " left out\n", bureau.sent, bureau.muted);
    cabinbus_destroy(drive.bus);
    issued_free(&licence);
    batch_free(bureau.batch);
    vehicles_free(bureau.vehicles);
    store_close(bureau.store);
    return 0;
}
