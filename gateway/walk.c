#include "gateway/walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIGNALS_MAX = 208,
    STEPS_MAX = 6,
    WALK_BOUNCE_MS = 400, /* a contact may bounce */
    WALK_HASTY_MS = 2000, /* a key this early still means the step before */
};

/* What a signal said when the item began. */
struct baseline {
    char place[WALK_PLACE_LEN];
    bool known;
    double value;
    int64_t differs_mono_ms; /* since when it says otherwise; 0 = it does not */
};

struct walk {
    struct walk_config config;
    size_t n_items, current;
    struct walk_item items[WALK_ITEMS_MAX];
    int64_t receipts; /* at the beginning */
    /* Of the current item: */
    bool begun, asking;
    size_t at_step;
    int64_t begun_mono_ms, step_mono_ms, done_mono_ms; /* done: as the fitter says; 0 = not said */
    size_t n_baseline;
    struct baseline baseline[SIGNALS_MAX];
    bool no_keys;
};

/* --- the items of a vehicle --- */

static const char *text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text != NULL ? text : "";
}

static double number_of(const json_t *json, const char *key)
{
    return json_number_value(json_object_get(json, key));
}

static const json_t *signals_of(const json_t *status)
{
    return json_object_get(json_object_get(status, "cabin"), "signals");
}

static const json_t *signal_at(const json_t *status, const char *place)
{
    size_t i;
    const json_t *signal;
    json_array_foreach(signals_of(status), i,
                       signal) if (strcmp(text_of(signal, "place"), place) == 0) return signal;
    return NULL;
}

/* Code of the first fault of a part, of those that begin so when `begin` is given; NULL = none. */
static const char *fault_of(const json_t *status, const char *part, const char *begin)
{
    size_t i;
    const json_t *fault;
    json_array_foreach(json_object_get(status, "faults"), i,
                       fault) if (strcmp(text_of(fault, "part"), part) == 0 &&
                                  (begin == NULL || strncmp(text_of(fault, "code"), begin, strlen(begin)) ==
                                                        0)) return text_of(fault, "code");
    return NULL;
}

static struct walk_item *add_item(struct walk *walk, enum walk_kind kind, const char *place)
{
    if (walk->n_items == WALK_ITEMS_MAX)
        return NULL; /* no cabin has as many places */
    struct walk_item *item = &walk->items[walk->n_items++];
    *item = (struct walk_item){.kind = kind};
    (void)snprintf(item->place, sizeof item->place, "%s", place);
    return item;
}

/* "seat.row3.left.occupied" -> "seat.row3.left.belted", when there is one. */
static void find_belt(const json_t *status, struct walk_item *seat)
{
    char belt[WALK_PLACE_LEN + 8];
    const char *end = strrchr(seat->place, '.');
    if (end == NULL)
        return;
    (void)snprintf(belt, sizeof belt, "%.*s.belted", (int)(end - seat->place), seat->place);
    if (strlen(belt) < sizeof seat->belt && signal_at(status, belt) != NULL)
        memcpy(seat->belt, belt, strlen(belt) + 1);
}

static void add_signals(struct walk *walk, const json_t *status, const char *name, enum walk_kind kind)
{
    size_t i;
    const json_t *signal;
    json_array_foreach(signals_of(status), i, signal)
    {
        if (strcmp(text_of(signal, "kind"), name) != 0)
            continue;
        struct walk_item *item = add_item(walk, kind, text_of(signal, "place"));
        if (item != NULL && kind == WALK_SEAT)
            find_belt(status, item);
    }
}

struct walk *walk_create(const json_t *status, const struct walk_config *config)
{
    struct walk *walk = calloc(1, sizeof *walk);
    if (walk == NULL)
        return NULL;
    walk->config = *config;
    walk->receipts = (int64_t)number_of(json_object_get(status, "uplink"), "receipts");
    const bool cabin = json_is_object(json_object_get(status, "cabin"));
    const bool certificate = json_is_object(json_object_get(status, "certificate")) ||
                             fault_of(status, "certificate", NULL) != NULL; /* it cannot be read */
    for (enum walk_kind kind = WALK_CONFIGURATION; kind <= WALK_OUTBOX; kind++) {
        const bool of_cabin = kind == WALK_BUS || kind == WALK_SIGNALS || kind == WALK_CAPACITY;
        if ((of_cabin && !cabin) || (kind == WALK_CERTIFICATE && !certificate))
            continue;
        (void)add_item(walk, kind, "");
    }
    add_signals(walk, status, "wheel", WALK_WHEEL);
    if (config->alarm)
        (void)add_item(walk, WALK_ALARM, "");
    add_signals(walk, status, "door", WALK_DOOR);
    add_signals(walk, status, "ignition", WALK_IGNITION); /* stays on: nobody counts as left behind then */
    add_signals(walk, status, "seat", WALK_SEAT);
    return walk;
}

void walk_destroy(struct walk *walk)
{
    free(walk);
}

size_t walk_count(const struct walk *walk)
{
    return walk->n_items;
}

const struct walk_item *walk_item(const struct walk *walk, size_t index)
{
    return &walk->items[index];
}

size_t walk_current(const struct walk *walk)
{
    return walk->current;
}

/* --- checks without hands --- */

static enum walk_reason by_fault(struct walk_item *item, const char *code)
{
    if (code == NULL)
        return WALK_NO_REASON;
    (void)snprintf(item->fault, sizeof item->fault, "%s", code);
    return WALK_FAULT;
}

static enum walk_reason check_configuration(const struct walk *walk, const json_t *status)
{
    const json_t *process = json_object_get(status, "process");
    const bool same = strcmp(text_of(process, "config_hash"), walk->config.config_hash) == 0 &&
                      strcmp(text_of(process, "dbc_hash"), walk->config.dbc_hash) == 0;
    return same ? WALK_NO_REASON : WALK_OTHER_FILES;
}

static enum walk_reason check_capacity(const json_t *status)
{
    size_t i;
    const json_t *signal;
    double most = 0;
    json_array_foreach(signals_of(status), i, signal) most +=
        strcmp(text_of(signal, "kind"), "seat") == 0 ? number_of(signal, "most") : 0;
    const json_t *licence = json_object_get(status, "licence");
    return most < number_of(licence, "capacity") ? WALK_TOO_FEW_SENSORS : WALK_NO_REASON;
}

static enum walk_reason check_wheel(const json_t *status, const char *place)
{
    const json_t *signal = signal_at(status, place);
    const bool at_rest = strcmp(text_of(signal, "state"), "known") == 0 && number_of(signal, "value") == 0;
    return at_rest ? WALK_NO_REASON : WALK_NOT_AT_REST;
}

/* What keeps it from being in order now. */
static enum walk_reason check(const struct walk *walk, struct walk_item *item, const json_t *status)
{
    const json_t *uplink = json_object_get(status, "uplink");
    const char *clock = text_of(json_object_get(status, "clock"), "source");
    const char *code;
    item->fault[0] = '\0';
    switch (item->kind) {
    case WALK_CONFIGURATION:
        return check_configuration(walk, status);
    case WALK_GPS:
        return by_fault(item, fault_of(status, "gps", NULL));
    case WALK_CLOCK:
        code = fault_of(status, "clock", NULL);
        return code != NULL                 ? by_fault(item, code)
               : strcmp(clock, "gnss") != 0 ? WALK_NOT_SEEN
                                            : WALK_NO_REASON;
    case WALK_BUS:
        return by_fault(item, fault_of(status, "cabin", "bus_"));
    case WALK_SIGNALS:
        return by_fault(item, fault_of(status, "cabin", NULL));
    case WALK_LICENCE:
        return by_fault(item, fault_of(status, "licence", NULL));
    case WALK_CAPACITY:
        return check_capacity(status);
    case WALK_CERTIFICATE:
        return by_fault(item, fault_of(status, "certificate", NULL));
    case WALK_BROKER:
        return by_fault(item, fault_of(status, "uplink", NULL));
    case WALK_RECEIPT:
        return (int64_t)number_of(uplink, "receipts") > walk->receipts ? WALK_NO_REASON : WALK_NO_RECEIPT;
    case WALK_OUTBOX:
        return by_fault(item, fault_of(status, "outbox", NULL));
    case WALK_WHEEL:
        return check_wheel(status, item->place);
    default:
        return WALK_NO_REASON;
    }
}

/* --- what the fitter does --- */

struct plan {
    size_t n;
    enum walk_step steps[STEPS_MAX];
};

/* Each ends as it began, but the ignition; what has that state already passes at once. */
static const struct plan *plan_of(const struct walk_item *item)
{
    static const struct plan by_itself = {1, {WALK_WAIT}};
    static const struct plan by_hand[WALK_KINDS] = {
        [WALK_ALARM] = {1, {WALK_LISTEN}},
        [WALK_DOOR] = {3, {WALK_CLOSE, WALK_OPEN, WALK_CLOSE}},
        [WALK_IGNITION] = {2, {WALK_SWITCH_OFF, WALK_SWITCH_ON}},
        [WALK_SEAT] = {3, {WALK_STAND_UP, WALK_SIT_DOWN, WALK_STAND_UP}},
    };
    static const struct plan belted = {
        6, {WALK_STAND_UP, WALK_SIT_DOWN, WALK_UNFASTEN, WALK_FASTEN, WALK_UNFASTEN, WALK_STAND_UP}};
    if (item->kind < WALK_ALARM)
        return &by_itself;
    return item->belt[0] != '\0' ? &belted : &by_hand[item->kind];
}

static bool step_done(const struct walk_item *item, const json_t *status)
{
    const bool of_belt = item->step == WALK_FASTEN || item->step == WALK_UNFASTEN;
    const bool yes = item->step == WALK_OPEN || item->step == WALK_SWITCH_ON || item->step == WALK_SIT_DOWN ||
                     item->step == WALK_FASTEN;
    const json_t *signal = signal_at(status, of_belt ? item->belt : item->place);
    if (strcmp(text_of(signal, "state"), "known") != 0)
        return false;
    return (number_of(signal, "value") >= 1) == yes;
}

static void take_baseline(struct walk *walk, const json_t *status)
{
    size_t i;
    const json_t *signal;
    walk->n_baseline = 0;
    json_array_foreach(signals_of(status), i, signal)
    {
        const char *kind = text_of(signal, "kind");
        if (strcmp(kind, "power") == 0 || strcmp(kind, "antenna") == 0 || strcmp(kind, "wheel") == 0 ||
            strcmp(kind, "in") == 0 || strcmp(kind, "out") == 0 || walk->n_baseline == SIGNALS_MAX)
            continue;
        struct baseline *baseline = &walk->baseline[walk->n_baseline++];
        *baseline = (struct baseline){.known = strcmp(text_of(signal, "state"), "known") == 0,
                                      .value = number_of(signal, "value")};
        (void)snprintf(baseline->place, sizeof baseline->place, "%s", text_of(signal, "place"));
    }
}

/* True when a signal that is not the item's own has come on (occupied, fastened, open) for longer than a
 * contact bounces, and was not named yet. Going off is what the item before may have left to do. */
static bool other_reacts(struct walk *walk, struct walk_item *item, const json_t *status, int64_t mono_ms)
{
    for (size_t i = 0; i < walk->n_baseline; i++) {
        struct baseline *baseline = &walk->baseline[i];
        if (strcmp(baseline->place, item->place) == 0 || strcmp(baseline->place, item->belt) == 0 ||
            !baseline->known)
            continue;
        const json_t *signal = signal_at(status, baseline->place);
        const double value = number_of(signal, "value");
        const bool differs =
            strcmp(text_of(signal, "state"), "known") == 0 && value >= 1 && value != baseline->value;
        if (!differs)
            baseline->differs_mono_ms = 0;
        else if (baseline->differs_mono_ms == 0)
            baseline->differs_mono_ms = mono_ms;
        else if (mono_ms - baseline->differs_mono_ms >= WALK_BOUNCE_MS &&
                 item->n_reacted < WALK_REACTED_MAX) {
            baseline->known = false; /* once is enough */
            memcpy(item->reacted[item->n_reacted++], baseline->place, sizeof baseline->place);
            return true;
        }
    }
    return false;
}

/* --- the machine --- */

static void begin_step(struct walk *walk, struct walk_item *item, enum walk_step step, int64_t mono_ms)
{
    item->step = step;
    walk->step_mono_ms = mono_ms;
    walk->done_mono_ms = 0;
    walk->asking = false;
}

static enum walk_news begin_item(struct walk *walk, const json_t *status, int64_t mono_ms)
{
    struct walk_item *item = &walk->items[walk->current];
    walk->begun = true;
    walk->at_step = 0;
    walk->begun_mono_ms = mono_ms;
    item->n_reacted = 0;
    item->reason = WALK_NO_REASON;
    take_baseline(walk, status);
    begin_step(walk, item, plan_of(item)->steps[0], mono_ms);
    return WALK_BEGUN;
}

static enum walk_news end_item(struct walk *walk, enum walk_result result, enum walk_reason reason,
                               int64_t mono_ms)
{
    struct walk_item *item = &walk->items[walk->current];
    item->result = result;
    item->reason = reason;
    item->took_ms = walk->begun ? mono_ms - walk->begun_mono_ms : 0;
    walk->begun = walk->asking = false;
    walk->current++;
    return WALK_ENDED_ITEM;
}

/* It has failed, unless the fitter wants it again. */
static enum walk_news fail_item(struct walk *walk, struct walk_item *item, enum walk_reason reason,
                                int64_t mono_ms)
{
    const bool by_hand = item->kind >= WALK_ALARM;
    if (!by_hand || walk->no_keys || item->repeats == WALK_REPEATS_MAX)
        return end_item(walk, WALK_FAILED, reason, mono_ms);
    item->reason = reason;
    walk->asking = true;
    walk->step_mono_ms = mono_ms;
    return WALK_ASKING;
}

/* All steps were seen: was it the item's own signal alone, and in time? */
static enum walk_news judge_item(struct walk *walk, struct walk_item *item, int64_t mono_ms)
{
    if (item->n_reacted > 0)
        return fail_item(walk, item, WALK_ALSO, mono_ms);
    return item->reason == WALK_NO_REASON ? end_item(walk, WALK_OK, WALK_NO_REASON, mono_ms)
                                          : fail_item(walk, item, item->reason, mono_ms);
}

static enum walk_news look_at_check(struct walk *walk, struct walk_item *item, const json_t *status,
                                    int64_t mono_ms)
{
    const enum walk_reason reason = check(walk, item, status);
    if (reason == WALK_NO_REASON)
        return end_item(walk, WALK_OK, WALK_NO_REASON, mono_ms);
    /* Files and sensors do not come by waiting. */
    const bool final = reason == WALK_OTHER_FILES || reason == WALK_TOO_FEW_SENSORS;
    if (final || mono_ms - walk->step_mono_ms >= walk->config.limit_ms)
        return fail_item(walk, item, reason, mono_ms);
    return WALK_NOTHING;
}

static enum walk_news look_at_step(struct walk *walk, struct walk_item *item, const json_t *status,
                                   int64_t mono_ms)
{
    const struct plan *plan = plan_of(item);
    if (item->step != WALK_LISTEN && step_done(item, status)) {
        if (walk->done_mono_ms > 0 && mono_ms - walk->done_mono_ms > WALK_LATE_MS)
            item->reason = WALK_LATE;
        if (++walk->at_step == plan->n)
            return judge_item(walk, item, mono_ms);
        begin_step(walk, item, plan->steps[walk->at_step], mono_ms);
        return WALK_SEEN;
    }
    const char *broken = item->kind == WALK_ALARM ? fault_of(status, "alarm", NULL) : NULL;
    if (broken != NULL)
        return fail_item(walk, item, by_fault(item, broken), mono_ms);
    if (other_reacts(walk, item, status, mono_ms))
        return WALK_OTHER;
    if (mono_ms - walk->step_mono_ms < walk->config.limit_ms)
        return WALK_NOTHING;
    return fail_item(walk, item, item->n_reacted > 0 ? WALK_INSTEAD : WALK_NOT_SEEN, mono_ms);
}

enum walk_news walk_look(struct walk *walk, const json_t *status, int64_t mono_ms)
{
    if (walk->current == walk->n_items)
        return WALK_DONE;
    if (status == NULL)
        return WALK_NOTHING;
    if (!walk->begun)
        return begin_item(walk, status, mono_ms);
    struct walk_item *item = &walk->items[walk->current];
    if (walk->asking)
        return mono_ms - walk->step_mono_ms < WALK_ANSWER_MS
                   ? WALK_NOTHING
                   : end_item(walk, WALK_FAILED, item->reason, mono_ms);
    return item->step == WALK_WAIT ? look_at_check(walk, item, status, mono_ms)
                                   : look_at_step(walk, item, status, mono_ms);
}

static enum walk_news abort_walk(struct walk *walk, int64_t mono_ms)
{
    while (walk->current < walk->n_items)
        (void)end_item(walk, WALK_SKIPPED, WALK_ABORTED, mono_ms);
    return WALK_ENDED_ITEM;
}

enum walk_news walk_key(struct walk *walk, char key, int64_t mono_ms)
{
    if (key == '\0')
        walk->no_keys = true;
    if (walk->current == walk->n_items)
        return WALK_NOTHING;
    if (key == 'a') /* also between items, and when no status comes that would begin one */
        return abort_walk(walk, mono_ms);
    if (!walk->begun)
        return WALK_NOTHING;
    struct walk_item *item = &walk->items[walk->current];
    const bool listening = item->step == WALK_LISTEN;
    if (key == 'r' && item->repeats < WALK_REPEATS_MAX) {
        item->repeats++;
        walk->begun = walk->asking = false; /* the next look begins it again */
        return WALK_NOTHING;
    }
    if (walk->asking) /* every other key goes on */
        return end_item(walk, WALK_FAILED, item->reason, mono_ms);
    if (key == 's')
        return end_item(walk, WALK_SKIPPED, WALK_BY_FITTER, mono_ms);
    if (listening && key == 'y')
        return end_item(walk, WALK_OK, WALK_NO_REASON, mono_ms);
    if (listening && (key == 'n' || key == '\0'))
        return end_item(walk, WALK_FAILED, WALK_NOT_HEARD, mono_ms);
    if (key == 'd' && mono_ms - walk->step_mono_ms > WALK_HASTY_MS && walk->done_mono_ms == 0)
        walk->done_mono_ms = mono_ms;
    return WALK_NOTHING;
}
