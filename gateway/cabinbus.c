#define _GNU_SOURCE /* strverscmp */
#include "gateway/cabinbus.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/cabin/mapping.h"

/* A value that the vehicle says under a name, be it a signal of the DBC file or a register. */
struct named {
    const char *name;
    double maximum; /* 0 = not stated */
    unsigned length_bits;
};

/* A signal that means something to the cabin. */
struct binding {
    bool bound;
    struct cabin_slot slot;
    bool has_values; /* of yes and no, else 1 and 0 */
    double yes, no;
    size_t history; /* its place in the histories */
};

/* What one bound signal is called, and when it was heard. */
struct history {
    size_t signal;
    struct cabin_slot slot;
    char place[CONFIG_SIGNAL_LEN];
    int64_t heard_mono_ms;
    bool nonsense;
};

struct cabinbus {
    const struct gateway_config *config; /* NULL: not made from one */
    struct dbc *dbc;                     /* NULL: registers */
    const struct register_signal *registers;
    size_t n_named;
    struct named *named;
    struct binding *bindings; /* of each that is named */
    size_t n_histories;
    struct history *histories;
    struct cabin cabin;
    struct cabinbus_stats stats;
};

static void fail(char ret_reason[CABINBUS_REASON_MAX], const char *where, const char *reason)
{
    (void)snprintf(ret_reason, CABINBUS_REASON_MAX, "%.200s: %s", where, reason);
}

/* Where the file that names `where` has to be corrected; false when nobody knows. */
static bool find_line(const struct cabinbus *bus, const char *where, const char **ret_path,
                      unsigned *ret_line)
{
    const struct gateway_config *config = bus->config;
    unsigned line = 0;
    for (size_t i = 0; i < config->n_signals && line == 0; i++)
        if (strcmp(config->signals[i].place, where) == 0 || strcmp(config->signals[i].signal, where) == 0)
            line = settings_line(config->path, "signals", config->signals[i].place);
    if (line == 0)
        line = settings_line(config->path, "registers", where);
    *ret_path = line > 0 ? config->path : config->dbc_path;
    for (size_t i = 0; i < bus->n_named && bus->dbc != NULL && line == 0; i++)
        if (strcmp(bus->named[i].name, where) == 0)
            line = dbc_signal_at(bus->dbc, i)->line;
    *ret_line = line;
    return line > 0;
}

/* `where`: a place of [signals], a signal or a register. */
static void fail_at(const struct cabinbus *bus, const char *where, const char *reason,
                    char ret_reason[CABINBUS_REASON_MAX])
{
    const char *path;
    unsigned line;
    if (bus->config != NULL && find_line(bus, where, &path, &line))
        (void)snprintf(ret_reason, CABINBUS_REASON_MAX, "%.191s:%u: %.100s: %.150s", path, line, where,
                       reason);
    else
        fail(ret_reason, where, reason);
}

/* The largest number that a counter shows: as stated, else what its bits hold. */
static uint32_t counter_max(const struct named *info)
{
    const uint32_t all_ones = info->length_bits >= 32 ? UINT32_MAX : (UINT32_C(1) << info->length_bits) - 1;
    return info->maximum >= 1 && info->maximum < all_ones ? (uint32_t)info->maximum : all_ones;
}

/* `by`: the line of [signals]; NULL = by its name. */
static void bind_signal(struct cabinbus *bus, struct cabin_config *config, size_t signal,
                        struct cabin_slot slot, const struct config_signal *by)
{
    struct binding *binding = &bus->bindings[signal];
    *binding = (struct binding){.bound = true, .slot = slot};
    if (by != NULL) {
        binding->has_values = by->has_values;
        binding->yes = by->yes;
        binding->no = by->no;
    }
    const struct named *info = &bus->named[signal];
    if (slot.kind == CABIN_IN || slot.kind == CABIN_OUT)
        config->counter_max[slot.index] = counter_max(info);
    if (slot.kind != CABIN_SEAT)
        return;
    if (binding->has_values) {
        config->seats[slot.index] =
            (struct cabin_seat){.capacity = 1, .unknown_value = CABIN_NO_UNKNOWN_VALUE};
        return;
    }
    config->seats[slot.index] = cabin_seat_of(info->maximum, info->length_bits);
}

/* Every signal whose name keeps to the convention. */
static int bind_by_name(struct cabinbus *bus, struct cabin_map *map, struct cabin_config *config,
                        char ret_reason[CABINBUS_REASON_MAX])
{
    for (size_t i = 0; i < bus->n_named; i++) {
        struct cabin_slot slot;
        const char *name = bus->named[i].name;
        const int error = cabin_map_signal(map, name, &slot);
        if (error == -ENOENT)
            continue; /* not of the cabin */
        if (error != 0) {
            fail_at(bus, name, error == -EEXIST ? "two signals for one place" : "more places than supported",
                    ret_reason);
            return error;
        }
        bind_signal(bus, config, i, slot, NULL);
    }
    return 0;
}

static int find_signal(const struct cabinbus *bus, const char *name, size_t *ret)
{
    for (size_t i = 0; i < bus->n_named; i++)
        if (strcmp(bus->named[i].name, name) == 0) {
            *ret = i;
            return 0;
        }
    return -ENOENT;
}

static int bind_by_config(struct cabinbus *bus, const struct config_signal *signals, size_t n_signals,
                          struct cabin_map *map, struct cabin_config *config,
                          char ret_reason[CABINBUS_REASON_MAX])
{
    for (size_t i = 0; i < n_signals; i++) {
        size_t signal;
        struct cabin_slot slot;
        int error = find_signal(bus, signals[i].signal, &signal);
        if (error != 0) {
            fail_at(bus, signals[i].signal,
                    bus->dbc != NULL ? "[signals]: no such signal in the DBC file"
                                     : "[signals]: no such register in [registers]",
                    ret_reason);
            return error;
        }
        error = bus->bindings[signal].bound ? -EEXIST : cabin_map_name(map, signals[i].place, &slot);
        if (error != 0) {
            fail_at(bus, signals[i].place,
                    error == -ENOENT   ? "[signals]: no place of the cabin is called so"
                    : error == -EEXIST ? "[signals]: place or signal given twice"
                                       : "[signals]: more places than supported",
                    ret_reason);
            return error;
        }
        const bool number = slot.kind == CABIN_WHEEL || slot.kind == CABIN_IN || slot.kind == CABIN_OUT;
        if (number && signals[i].has_values) {
            fail_at(bus, signals[i].place, "[signals]: a speed or a counter does not say yes or no",
                    ret_reason);
            return -EINVAL;
        }
        bind_signal(bus, config, signal, slot, &signals[i]);
    }
    return 0;
}

/* Every belt to its seat, wherever in the file that stands. */
static int link_belts(struct cabinbus *bus, const struct cabin_map *map, struct cabin_config *config,
                      char ret_reason[CABINBUS_REASON_MAX])
{
    for (size_t i = 0; i < bus->n_named; i++) {
        const struct binding *binding = &bus->bindings[i];
        if (!binding->bound || binding->slot.kind != CABIN_BELT)
            continue;
        const uint8_t belt = binding->slot.index;
        const int error = cabin_map_belt_seat(map, belt, &config->belt_seats[belt]);
        if (error != 0) {
            fail_at(bus, bus->named[i].name, "a belt whose seat has no signal", ret_reason);
            return error;
        }
    }
    return 0;
}

/* Every door to its counter, and both directions of each counter must begin anew at the same number. */
static int link_counters(struct cabinbus *bus, const struct cabin_map *map, struct cabin_config *config,
                         char ret_reason[CABINBUS_REASON_MAX])
{
    const char *half = cabin_map_half_counter(map);
    for (size_t i = 0; i < map->n_doors; i++)
        config->door_counters[i] = cabin_map_door_counter(map, i);
    for (size_t i = 0; i < bus->n_named; i++) {
        const struct cabin_slot slot = bus->bindings[i].slot;
        const struct named *info = &bus->named[i];
        const char *reason = NULL;
        if (!bus->bindings[i].bound || (slot.kind != CABIN_IN && slot.kind != CABIN_OUT))
            continue;
        if (half != NULL && strcmp(map->counters[slot.index].door, half) == 0)
            reason = "a door that counts in one direction alone";
        else if (counter_max(info) != config->counter_max[slot.index])
            reason = "counts to another number than the other direction of its door";
        else if (counter_max(info) < CABIN_COUNTER_MAX_LEAST)
            reason = "counts to less than 15: who comes in at one stop may be more";
        if (reason == NULL)
            continue;
        fail_at(bus, info->name, reason, ret_reason);
        return -EINVAL;
    }
    return 0;
}

/* "seat.row3.left2.occupied": as gateway/cabin/mapping.h has it. */
static void name_place(const struct cabin_map *map, struct cabin_slot slot, char ret[CONFIG_SIGNAL_LEN])
{
    static const char *const sides[] = {"left", "right", "middle"};
    static const char *const singles[CABIN_KINDS] = {[CABIN_IGNITION] = "ignition.on",
                                                     [CABIN_POWER] = "power.main",
                                                     [CABIN_ANTENNA] = "gnss.antenna",
                                                     [CABIN_WHEEL] = "vehicle.speed",
                                                     [CABIN_BUTTON] = "attendant.button"};
    const bool belt = slot.kind == CABIN_BELT;
    if (slot.kind == CABIN_DOOR) {
        (void)snprintf(ret, CONFIG_SIGNAL_LEN, "door.%s.open", map->doors[slot.index]);
    } else if (slot.kind == CABIN_IN || slot.kind == CABIN_OUT) {
        (void)snprintf(ret, CONFIG_SIGNAL_LEN, "door.%s.%s", map->counters[slot.index].door,
                       slot.kind == CABIN_IN ? "in" : "out");
    } else if (slot.kind == CABIN_SEAT || belt) {
        const struct cabin_place *place = belt ? &map->belts[slot.index] : &map->seats[slot.index];
        char number[8] = ""; /* the first of a side needs none */
        if (place->place > 1)
            (void)snprintf(number, sizeof number, "%u", place->place % 10);
        (void)snprintf(ret, CONFIG_SIGNAL_LEN, "seat.row%u.%s%s.%s", place->row, sides[place->side], number,
                       belt ? "belted" : "occupied");
    } else {
        (void)snprintf(ret, CONFIG_SIGNAL_LEN, "%s", singles[slot.kind]);
    }
}

/* seat.row2 stands before seat.row10. */
static int by_place(const void *left, const void *right)
{
    const struct history *a = left, *b = right;
    return a->slot.kind != b->slot.kind ? (int)a->slot.kind - (int)b->slot.kind
                                        : strverscmp(a->place, b->place);
}

static int begin_histories(struct cabinbus *bus, const struct cabin_map *map)
{
    const size_t n = bus->n_named;
    for (size_t i = 0; i < n; i++)
        bus->n_histories += bus->bindings[i].bound;
    bus->histories = calloc(bus->n_histories + 1, sizeof *bus->histories);
    if (bus->histories == NULL)
        return -ENOMEM;
    struct history *next = bus->histories;
    for (size_t i = 0; i < n; i++) {
        if (!bus->bindings[i].bound)
            continue;
        *next = (struct history){.signal = i, .slot = bus->bindings[i].slot};
        name_place(map, next->slot, next->place);
        next++;
    }
    qsort(bus->histories, bus->n_histories, sizeof *bus->histories, by_place);
    for (size_t i = 0; i < bus->n_histories; i++)
        bus->bindings[bus->histories[i].signal].history = i;
    return 0;
}

static int set_up(struct cabinbus *bus, const struct config_signal *signals, size_t n_signals,
                  char ret_reason[CABINBUS_REASON_MAX])
{
    struct cabin_map map;
    struct cabin_config config = {0};
    cabin_map_init(&map);
    bus->bindings = calloc(bus->n_named + 1, sizeof *bus->bindings);
    if (bus->bindings == NULL) {
        fail(ret_reason, "cabin", strerror(ENOMEM));
        return -ENOMEM;
    }
    int error = signals != NULL && n_signals > 0
                    ? bind_by_config(bus, signals, n_signals, &map, &config, ret_reason)
                    : bind_by_name(bus, &map, &config, ret_reason);
    if (error == 0)
        error = link_belts(bus, &map, &config, ret_reason);
    if (error == 0)
        error = link_counters(bus, &map, &config, ret_reason);
    if (error != 0)
        return error;
    config.n_seats = bus->stats.seats = map.n_seats;
    config.n_belts = bus->stats.belts = map.n_belts;
    config.n_doors = bus->stats.doors = map.n_doors;
    config.n_counters = bus->stats.counters = map.n_counters;
    error = cabin_init(&bus->cabin, &config);
    if (error != 0)
        fail(ret_reason, "cabin", "a seat's signal can report no sensible number of persons");
    else if ((error = begin_histories(bus, &map)) != 0)
        fail(ret_reason, "cabin", strerror(-error));
    return error;
}

static int begin_names(struct cabinbus *bus, size_t n, char ret_reason[CABINBUS_REASON_MAX])
{
    bus->n_named = n;
    bus->named = calloc(n + 1, sizeof *bus->named);
    if (bus->named != NULL)
        return 0;
    fail(ret_reason, "cabin", strerror(ENOMEM));
    return -ENOMEM;
}

static int name_dbc_signals(struct cabinbus *bus, const char *dbc_path, char ret_reason[CABINBUS_REASON_MAX])
{
    char dbc_reason[DBC_ERROR_LEN];
    int error = dbc_load(dbc_path, dbc_reason, &bus->dbc);
    if (error != 0)
        (void)snprintf(ret_reason, CABINBUS_REASON_MAX, "%s", dbc_reason);
    else
        error = begin_names(bus, dbc_signal_count(bus->dbc), ret_reason);
    for (size_t i = 0; error == 0 && i < bus->n_named; i++) {
        const struct dbc_signal *signal = dbc_signal_at(bus->dbc, i);
        bus->named[i] = (struct named){signal->name, signal->maximum, signal->length_bits};
    }
    return error;
}

static int name_registers(struct cabinbus *bus, const struct register_signal *registers, size_t n_registers,
                          char ret_reason[CABINBUS_REASON_MAX])
{
    const int error = begin_names(bus, n_registers, ret_reason);
    for (size_t i = 0; error == 0 && i < n_registers; i++)
        bus->named[i] = (struct named){registers[i].name, 0, registers[i].length_bits};
    return error;
}

/* `dbc_path` or, when that is NULL, the registers; `config` for the reasons, NULL = none. */
static int create(const struct gateway_config *config, const char *dbc_path,
                  const struct register_signal *registers, size_t n_registers,
                  const struct config_signal *signals, size_t n_signals, struct cabinbus **ret,
                  char ret_reason[CABINBUS_REASON_MAX])
{
    struct cabinbus *bus = calloc(1, sizeof *bus);
    if (bus == NULL) {
        fail(ret_reason, "cabin", strerror(ENOMEM));
        return -ENOMEM;
    }
    bus->config = config;
    bus->registers = registers;
    int error = dbc_path != NULL ? name_dbc_signals(bus, dbc_path, ret_reason)
                                 : name_registers(bus, registers, n_registers, ret_reason);
    if (error == 0)
        error = set_up(bus, signals, n_signals, ret_reason);
    if (error == 0)
        *ret = bus;
    else
        cabinbus_destroy(bus);
    return error;
}

int cabinbus_create(const char *dbc_path, const struct config_signal *signals, size_t n_signals,
                    struct cabinbus **ret, char ret_reason[CABINBUS_REASON_MAX])
{
    return create(NULL, dbc_path, NULL, 0, signals, n_signals, ret, ret_reason);
}

int cabinbus_create_registers(const struct register_signal *registers, size_t n_registers,
                              const struct config_signal *signals, size_t n_signals, struct cabinbus **ret,
                              char ret_reason[CABINBUS_REASON_MAX])
{
    return create(NULL, NULL, registers, n_registers, signals, n_signals, ret, ret_reason);
}

int cabinbus_create_for(const struct gateway_config *config, struct cabinbus **ret,
                        char ret_reason[CABINBUS_REASON_MAX])
{
    const char *dbc_path = config->dbc_path[0] != '\0' ? config->dbc_path : NULL;
    *ret = NULL;
    if (dbc_path == NULL && config->n_registers == 0)
        return 0;
    return create(config, dbc_path, config->registers, config->n_registers, config->signals,
                  config->n_signals, ret, ret_reason);
}

void cabinbus_destroy(struct cabinbus *bus)
{
    if (bus == NULL)
        return;
    dbc_free(bus->dbc);
    free(bus->named);
    free(bus->bindings);
    free(bus->histories);
    free(bus);
}

struct decoding {
    struct cabinbus *bus;
    int64_t mono_ms;
};

/* What the cabin understands; NaN, which it counts as no sensible value, for neither yes nor no. */
static double meaning(const struct binding *binding, double value)
{
    if (!binding->has_values)
        return value;
    return value == binding->yes ? 1 : value == binding->no ? 0 : (double)NAN;
}

static void on_value(void *context, size_t signal, double value)
{
    const struct decoding *decoding = context;
    struct cabinbus *bus = decoding->bus;
    const struct binding *binding = &bus->bindings[signal];
    if (!binding->bound)
        return;
    struct history *history = &bus->histories[binding->history];
    const double meant = meaning(binding, value);
    const int error = cabin_update(&bus->cabin, binding->slot, meant, decoding->mono_ms); /* counts it */
    history->heard_mono_ms = decoding->mono_ms;
    history->nonsense = error != 0;
}

void cabinbus_frame(struct cabinbus *bus, const struct can_frame_in *frame, int64_t mono_ms)
{
    struct decoding decoding = {bus, mono_ms};
    const int outcome = dbc_decode(bus->dbc, frame, on_value, &decoding);
    if (outcome < 0)
        bus->stats.unknown_frames++;
    else if (outcome > 0)
        bus->stats.short_frames++;
}

void cabinbus_value(struct cabinbus *bus, size_t signal, double value, int64_t mono_ms)
{
    struct decoding decoding = {bus, mono_ms};
    on_value(&decoding, signal, value);
}

void cabinbus_estimate(const struct cabinbus *bus, int64_t mono_ms, struct bw_cabin *ret)
{
    cabin_estimate(&bus->cabin, mono_ms, ret);
}

bool cabinbus_same_aboard(const struct bw_cabin *a, const struct bw_cabin *b)
{
    return a->occupancy.quality == b->occupancy.quality && a->occupancy.low == b->occupancy.low &&
           a->occupancy.count == b->occupancy.count && a->occupancy.high == b->occupancy.high &&
           a->door_open == b->door_open && a->ignition_on == b->ignition_on;
}

static bool same_belts(const struct bw_belts *a, const struct bw_belts *b)
{
    return a->quality == b->quality && a->open_low == b->open_low && a->open_high == b->open_high;
}

static bool same_wheel(const struct bw_cabin *a, const struct bw_cabin *b)
{
    return a->wheel_known == b->wheel_known && fabs(a->wheel_mps - b->wheel_mps) < CABINBUS_WHEEL_STEP_MPS;
}

bool cabinbus_same(const struct bw_cabin *a, const struct bw_cabin *b)
{
    return cabinbus_same_aboard(a, b) && a->presses == b->presses && same_belts(&a->belts, &b->belts) &&
           same_wheel(a, b) && a->main_power == b->main_power && a->antenna_ok == b->antenna_ok;
}

void cabinbus_stats(const struct cabinbus *bus, struct cabinbus_stats *ret)
{
    *ret = bus->stats;
    ret->refused_values = bus->cabin.refused;
}

size_t cabinbus_signal_count(const struct cabinbus *bus)
{
    return bus->n_histories;
}

static enum cabinbus_signal_state state_of(const struct cabinbus *bus, const struct history *history,
                                           int64_t mono_ms)
{
    if (history->heard_mono_ms == 0)
        return CABINBUS_NEVER;
    if (mono_ms - history->heard_mono_ms >= bus->cabin.config.freshness_ms)
        return CABINBUS_SILENT;
    if (history->nonsense)
        return CABINBUS_NONSENSE;
    if (!cabin_signal_of(&bus->cabin, history->slot)->known)
        return CABINBUS_UNSURE;
    if (history->slot.kind != CABIN_SEAT)
        return CABINBUS_KNOWN;
    const enum cabin_doubt doubt = cabin_seat_doubt(&bus->cabin, history->slot.index, mono_ms);
    return doubt == CABIN_STUCK ? CABINBUS_STUCK : doubt == CABIN_BELTED ? CABINBUS_BELTED : CABINBUS_KNOWN;
}

void cabinbus_signal(const struct cabinbus *bus, size_t index, int64_t mono_ms, struct cabinbus_signal *ret)
{
    const struct history *history = &bus->histories[index];
    const struct cabin_slot slot = history->slot;
    const struct cabin_signal *signal = cabin_signal_of(&bus->cabin, slot);
    const bool number = slot.kind == CABIN_WHEEL || slot.kind == CABIN_IN || slot.kind == CABIN_OUT;
    *ret = (struct cabinbus_signal){
        .kind = slot.kind,
        .name = bus->named[history->signal].name,
        .most = slot.kind == CABIN_SEAT ? bus->cabin.config.seats[slot.index].capacity : 0,
        .state = state_of(bus, history, mono_ms),
        .value = signal->value,
        .heard_mono_ms = history->heard_mono_ms,
        .changed_mono_ms = signal->changed_mono_ms,
        .changes = signal->changes,
        .restless = !number && cabin_restless(signal, mono_ms),
    };
    memcpy(ret->place, history->place, sizeof ret->place);
}

void cabinbus_mapping(const struct cabinbus *bus, size_t index, struct cabinbus_mapping *ret)
{
    const struct history *history = &bus->histories[index];
    const struct cabin_slot slot = history->slot;
    const struct cabin_config *config = &bus->cabin.config;
    const struct binding *binding = &bus->bindings[history->signal];
    *ret = (struct cabinbus_mapping){
        .kind = slot.kind,
        .name = bus->named[history->signal].name,
        .unit = bus->dbc != NULL ? dbc_signal_at(bus->dbc, history->signal)->unit : NULL,
        .length_bits = bus->named[history->signal].length_bits,
        .has_values = binding->has_values,
        .yes = binding->yes,
        .no = binding->no,
        .counted = slot.kind == CABIN_DOOR && config->door_counters[slot.index] != CABIN_NOT_COUNTED,
    };
    if (slot.kind == CABIN_SEAT)
        ret->seat = config->seats[slot.index];
    if (slot.kind == CABIN_IN || slot.kind == CABIN_OUT)
        ret->counter_max = config->counter_max[slot.index];
    memcpy(ret->place, history->place, sizeof ret->place);
    if (bus->dbc != NULL)
        dbc_signal_place(bus->dbc, history->signal, ret->where);
    else
        registers_print(&bus->registers[history->signal], ret->where, sizeof ret->where);
}

size_t cabinbus_name_count(const struct cabinbus *bus)
{
    return bus->n_named;
}

const char *cabinbus_name(const struct cabinbus *bus, size_t index, bool *ret_used)
{
    *ret_used = bus->bindings[index].bound;
    return bus->named[index].name;
}
