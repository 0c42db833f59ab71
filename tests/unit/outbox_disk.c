/* The outbox on a disk that fails, or loses its power, at every single call: a scripted life is lived again
 * and again, and at call 1, 2, 3... something goes wrong. What gateway/outbox/outbox.h promises must hold
 * each time. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/outbox/outbox.h"
#include "tests/unit/fixture_disk.h"

enum { TRACKS_MAX = 6, NOTES_MAX = 64, SEED = 20261124 };

/* The fate of an append, by what it returned. */
struct note {
    int64_t tag; /* its time: tells the record */
    bool kept;   /* returned 0; else it failed, and may be found all the same after a restart */
};

struct memory {
    struct note notes[NOTES_MAX];
    size_t n;
    int64_t upto_tag;  /* receipted: everything up to this one may be gone */
    int64_t doubt_tag; /* ... and up to this one, by a receipt that failed */
};

static char directory[64], path[96];
static struct seal_key key;
static struct outbox_config config;
static struct outbox *main_handle, *uplink_handle;
static struct memory memories[2]; /* by class - 1 */
static int64_t clock_tag;
static const char *step;      /* of the script, for messages */
static enum disk_fault fault; /* planned */
static unsigned fault_at;
static bool dead; /* the power is gone: the process does nothing any more */

static void set_up(void)
{
    cr_assert_eq(seal_init(), 0);
    strcpy(directory, "/tmp/buswarden-disk-XXXXXX");
    cr_assert_not_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/outbox.db", directory);
    seal_key_generate(&key);
    config = (struct outbox_config){.path = path,
                                    .division = "331023",
                                    .vehicle = "bus-1",
                                    .key = &key,
                                    .max_track_records = TRACKS_MAX,
                                    .reserve_bytes = 4096};
    disk_install();
}

static void tear_down(void)
{
    char command[128];
    disk_reset();
    snprintf(command, sizeof command, "rm -rf %s", directory);
    cr_assert_eq(system(command), 0);
}
TestSuite(outbox_disk, .init = set_up, .fini = tear_down);

#define HOLDS(what) cr_assert(what, "%s; fault %d at call %u, in %s", #what, (int)fault, fault_at, step)

/* ---- what the process sees ---- */

struct view {
    struct outbox_depth depths[2];
    uint64_t number;
    size_t n_open;
    uint8_t stream[BW_STREAM_LEN];
};

static struct view look(void)
{
    struct view view = {0};
    struct bw_alert open[8];
    for (int i = 0; i < 2; i++)
        HOLDS(outbox_depth(main_handle, (enum bw_record_class)(i + 1), &view.depths[i]) == 0);
    HOLDS(outbox_next_alert_number(main_handle, &view.number) == 0);
    HOLDS(outbox_open_alerts(main_handle, open, 8, &view.n_open) == 0);
    return view;
}

/* ---- the script ---- */

static void open_main(void)
{
    bool set_aside = true;
    for (int tries = 0; main_handle == NULL && !dead && tries < 3; tries++) {
        const int rc = outbox_open(&config, &main_handle, &set_aside);
        dead = disk_struck() && fault == DISK_DEAD;
        HOLDS(rc == 0 ? !set_aside : disk_struck());
    }
}

static void open_uplink(void)
{
    struct outbox_config attached = config;
    bool set_aside;
    attached.attach = true;
    if (main_handle != NULL && !dead)
        (void)outbox_open(&attached, &uplink_handle, &set_aside);
    dead = disk_struck() && fault == DISK_DEAD;
}

static void close_both(void)
{
    outbox_close(uplink_handle);
    outbox_close(main_handle);
    main_handle = uplink_handle = NULL;
    dead = disk_struck() && fault == DISK_DEAD;
}

static void append(enum bw_record_class cls, uint64_t number, enum bw_phase phase)
{
    if (main_handle == NULL || dead)
        return;
    const bool check = fault != DISK_DEAD;
    const struct view before = check ? look() : (struct view){0};
    const struct bw_alert alert = {
        .kind = BW_OVERLOAD, .phase = phase, .number = number, .time_utc_ms = ++clock_tag};
    struct bw_track track = {.n = 1, .fixes[0] = {.utc_ms = clock_tag * 1000, .lat_deg = 29, .lon_deg = 121}};
    const int rc = cls == BW_RECORD_ALERT ? outbox_append_alert(main_handle, &alert, clock_tag)
                                          : outbox_append_track(main_handle, &track, clock_tag);
    struct memory *memory = &memories[cls - 1];
    memory->notes[memory->n++] = (struct note){.tag = clock_tag, .kept = rc == 0};
    dead = disk_struck() && fault == DISK_DEAD;
    HOLDS(rc == 0 || disk_struck());
    if (rc != 0 && check) {
        const struct view after = look();
        HOLDS(memcmp(&before, &after, sizeof after) == 0); /* a failed call has changed nothing */
    }
}

/* Everything that waits in the class has come to the bureau. */
static void receive(enum bw_record_class cls)
{
    struct outbox_depth depth;
    if (uplink_handle == NULL || dead || outbox_depth(uplink_handle, cls, &depth) != 0)
        return;
    struct bw_receipt receipt = {0};
    memcpy(receipt.stream, outbox_stream(uplink_handle), BW_STREAM_LEN);
    receipt.upto_seq[cls - 1] = depth.next_seq - 1;
    const int rc = outbox_receipt(uplink_handle, &receipt);
    dead = disk_struck() && fault == DISK_DEAD;
    HOLDS(rc == 0 || disk_struck());
    if (rc == 0)
        memories[cls - 1].upto_tag = clock_tag;
    else
        memories[cls - 1].doubt_tag = clock_tag;
}

static void begin_stream(void)
{
    if (uplink_handle == NULL || dead)
        return;
    uint64_t left_out = 0;
    const int rc = outbox_begin_stream(uplink_handle, NULL, NULL, &left_out);
    dead = disk_struck() && fault == DISK_DEAD;
    HOLDS(rc == 0 || disk_struck());
    HOLDS(left_out == 0);
}

static void live(void)
{
    memset(memories, 0, sizeof memories);
    clock_tag = 0;
    dead = false;
    step = "the first opening";
    open_main();
    open_uplink();
    step = "alerts and tracks";
    append(BW_RECORD_ALERT, 1, BW_RAISED);
    for (int i = 0; i < TRACKS_MAX + 2; i++) /* the last ones evict */
        append(BW_RECORD_TRACK, 0, 0);
    append(BW_RECORD_ALERT, 2, BW_RAISED);
    step = "a receipt";
    receive(BW_RECORD_ALERT);
    append(BW_RECORD_ALERT, 2, BW_CLEARED);
    step = "a new stream";
    begin_stream();
    append(BW_RECORD_ALERT, 3, BW_RAISED);
    append(BW_RECORD_TRACK, 0, 0);
    step = "closing";
    close_both();
    step = "the second opening";
    open_main();
    open_uplink();
    append(BW_RECORD_ALERT, 3, BW_UPDATED);
    receive(BW_RECORD_TRACK);
    append(BW_RECORD_TRACK, 0, 0);
    step = "the last closing";
    close_both();
}

/* ---- what is found afterwards ---- */

/* Walks the chain of one class; returns the tags of what waits. The first record's prev is nobody's business:
 * what was before it has left. */
static size_t walk(enum bw_record_class cls, int64_t ret_tags[NOTES_MAX], bool *ret_gap)
{
    uint8_t head[BW_HASH_LEN];
    struct wire_bytes bytes;
    size_t n = 0, records = 0;
    uint64_t seq = 0, from_seq = 0;
    *ret_gap = false;
    for (; outbox_peek(main_handle, cls, from_seq, &seq, &bytes) == 0; from_seq = seq + 1, records++) {
        struct wire_record record;
        struct wire_body body;
        HOLDS(wire_record_decode(bytes.data, bytes.len, &record) == 0);
        wire_bytes_free(&bytes);
        HOLDS(records == 0 || (seq == from_seq && memcmp(record.prev, head, BW_HASH_LEN) == 0));
        HOLDS(wire_body_decode(record.body, record.body_len, &body) == 0);
        seal_record_hash(&record, config.division, config.vehicle, head);
        if (body.type == WIRE_BODY_GAP) {
            HOLDS(records == 0);
            *ret_gap = true;
            memcpy(head, body.u.gap.tail_hash, BW_HASH_LEN);
        } else {
            ret_tags[n++] =
                cls == BW_RECORD_ALERT ? body.u.alert.time_utc_ms : body.u.track.fixes[0].utc_ms / 1000;
        }
    }
    struct outbox_depth depth;
    HOLDS(outbox_depth(main_handle, cls, &depth) == 0);
    HOLDS(depth.records == records);
    return n;
}

/* Of what was kept, all that no receipt covers is found, in its order; of what failed, some may be. A track
 * may be gone when a gap record says so. */
static void check_class(enum bw_record_class cls)
{
    const struct memory *memory = &memories[cls - 1];
    int64_t tags[NOTES_MAX];
    bool gap;
    const size_t n = walk(cls, tags, &gap);
    size_t at = 0;
    for (size_t i = 0; i < memory->n; i++) {
        const struct note *note = &memory->notes[i];
        if (at < n && tags[at] == note->tag) {
            at++;
            continue;
        }
        const bool receipted = note->tag <= memory->upto_tag || note->tag <= memory->doubt_tag;
        const bool evicted = at == 0 && gap;
        HOLDS(!note->kept || receipted || evicted);
    }
    HOLDS(at == n); /* nothing else, and nothing twice */
}

static void check_found(void)
{
    bool set_aside = true;
    step = "the opening afterwards";
    HOLDS(outbox_open(&config, &main_handle, &set_aside) == 0);
    HOLDS(!set_aside);
    check_class(BW_RECORD_ALERT);
    check_class(BW_RECORD_TRACK);
    fault = DISK_WELL;
    disk_mend();
    append(BW_RECORD_ALERT, 9, BW_RAISED); /* and it goes on */
    append(BW_RECORD_TRACK, 0, 0);
    check_class(BW_RECORD_ALERT);
    check_class(BW_RECORD_TRACK);
    close_both();
}

static unsigned live_with(enum disk_fault what, unsigned at)
{
    fault = what;
    fault_at = at;
    disk_reset();
    disk_plan(what, at);
    live();
    return disk_calls();
}

static unsigned calls_of_a_life(void)
{
    const unsigned calls = live_with(DISK_WELL, 0);
    check_found();
    cr_log_info("a life is %u calls to the disk", calls);
    cr_assert_gt(calls, 100);
    return calls;
}

static void fail_at_every_call(enum disk_fault what)
{
    const unsigned calls = calls_of_a_life();
    for (unsigned at = 1; at <= calls; at++) {
        (void)live_with(what, at);
        disk_mend();
        check_found();
    }
}

Test(outbox_disk, one_call_that_fails_changes_nothing)
{
    fail_at_every_call(DISK_EIO_ONCE);
}

Test(outbox_disk, a_disk_that_fails_from_some_call_on_loses_nothing_that_was_kept)
{
    fail_at_every_call(DISK_EIO);
}

Test(outbox_disk, one_call_that_finds_no_room_changes_nothing)
{
    fail_at_every_call(DISK_FULL_ONCE);
}

Test(outbox_disk, a_disk_that_is_full_from_some_call_on_loses_nothing_that_was_kept)
{
    fail_at_every_call(DISK_FULL);
}

Test(outbox_disk, a_write_that_gets_half_way_does_no_harm)
{
    fail_at_every_call(DISK_SHORT);
}

static void cut_at_every_call(enum disk_loss loss, uint32_t seed)
{
    const unsigned calls = calls_of_a_life();
    for (unsigned at = 1; at <= calls; at++) {
        (void)live_with(DISK_DEAD, at);
        close_both(); /* the handles of a dead process: without effect */
        disk_power_cut(loss, seed + at);
        check_found();
    }
}

Test(outbox_disk, a_power_cut_that_loses_all_that_was_not_synced)
{
    cut_at_every_call(DISK_LOSES_ALL, 0);
}

Test(outbox_disk, a_power_cut_that_loses_nothing)
{
    cut_at_every_call(DISK_LOSES_NOTHING, 0);
}

Test(outbox_disk, a_power_cut_that_loses_some_sectors)
{
    const char *given = getenv("SEED");
    const uint32_t seed = given != NULL ? (uint32_t)strtoul(given, NULL, 10) : SEED;
    cr_log_info("SEED=%u", seed);
    for (uint32_t round = 0; round < 3; round++)
        cut_at_every_call(DISK_LOSES_SOME, seed + 1000 * round);
}

/* A cable that is loose for a second must not cost the file. */
Test(outbox_disk, a_file_that_cannot_be_read_is_not_taken_for_corrupt_unless_told_so)
{
    bool set_aside = false;
    fault = DISK_WELL;
    step = "a file that cannot be read";
    disk_reset();
    memset(memories, 0, sizeof memories);
    clock_tag = 0;
    dead = false;
    open_main();
    append(BW_RECORD_ALERT, 1, BW_RAISED);
    close_both();
    disk_unreadable(true);
    cr_expect_eq(outbox_open(&config, &main_handle, &set_aside), -EREMOTEIO);
    cr_expect_not(set_aside);
    disk_unreadable_from(2048); /* the first pages can be read, what the check comes to later cannot */
    cr_expect_eq(outbox_open(&config, &main_handle, &set_aside), -EREMOTEIO);
    cr_expect_not(set_aside);
    disk_unreadable(false);
    check_found(); /* all is there */

    char name[128];
    snprintf(name, sizeof name, "%s", path);
    FILE *file = fopen(name, "w"); /* stands for it in the folder, where files are renamed */
    cr_assert_not_null(file);
    (void)fclose(file);
    disk_unreadable(true);
    config.unreadable_is_corrupt = true;
    cr_expect_eq(outbox_open(&config, &main_handle, &set_aside), -EREMOTEIO,
                 "the new one neither, on this disk");
    snprintf(name, sizeof name, "%s.corrupt-1", path);
    cr_expect_eq(access(name, F_OK), 0, "set aside");
    disk_unreadable(false);
}
