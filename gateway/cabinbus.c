#include "gateway/cabinbus.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/cabin/mapping.h"
#include "gateway/source/dbc.h"

/* A signal that means something to the cabin. */
struct binding {
    bool bound;
    struct cabin_slot slot;
    bool has_values; /* of yes and no, else 1 and 0 */
    double yes, no;
};

struct cabinbus {
    struct dbc *dbc;
    struct binding *bindings; /* by signal index of the dbc */
    struct cabin cabin;
    struct cabinbus_stats stats;
};

static void fail(char ret_reason[CABINBUS_REASON_MAX], const char *where, const char *reason)
{
    (void)snprintf(ret_reason, CABINBUS_REASON_MAX, "%.200s: %s", where, reason);
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
    if (slot.kind != CABIN_SEAT)
        return;
    if (binding->has_values) {
        config->seats[slot.index] =
            (struct cabin_seat){.capacity = 1, .unknown_value = CABIN_NO_UNKNOWN_VALUE};
        return;
    }
    const struct dbc_signal *info = dbc_signal_at(bus->dbc, signal);
    config->seats[slot.index] = cabin_seat_of(info->maximum, info->length_bits);
}

/* Every DBC signal whose name keeps to the convention. */
static int bind_by_name(struct cabinbus *bus, struct cabin_map *map, struct cabin_config *config,
                        char ret_reason[CABINBUS_REASON_MAX])
{
    for (size_t i = 0; i < dbc_signal_count(bus->dbc); i++) {
        struct cabin_slot slot;
        const char *name = dbc_signal_at(bus->dbc, i)->name;
        const int error = cabin_map_signal(map, name, &slot);
        if (error == -ENOENT)
            continue; /* not of the cabin */
        if (error != 0) {
            fail(ret_reason, name,
                 error == -EEXIST ? "two signals for one place" : "more places than supported");
            return error;
        }
        bind_signal(bus, config, i, slot, NULL);
    }
    return 0;
}

static int find_signal(const struct dbc *dbc, const char *name, size_t *ret)
{
    for (size_t i = 0; i < dbc_signal_count(dbc); i++)
        if (strcmp(dbc_signal_at(dbc, i)->name, name) == 0) {
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
        int error = find_signal(bus->dbc, signals[i].signal, &signal);
        if (error != 0) {
            fail(ret_reason, signals[i].signal, "[signals]: no such signal in the DBC file");
            return error;
        }
        error = bus->bindings[signal].bound ? -EEXIST : cabin_map_name(map, signals[i].place, &slot);
        if (error != 0) {
            fail(ret_reason, signals[i].place,
                 error == -ENOENT   ? "[signals]: no place of the cabin is called so"
                 : error == -EEXIST ? "[signals]: place or signal given twice"
                                    : "[signals]: more places than supported");
            return error;
        }
        if (slot.kind == CABIN_WHEEL && signals[i].has_values) {
            fail(ret_reason, signals[i].place, "[signals]: a speed does not say yes or no");
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
    for (size_t i = 0; i < dbc_signal_count(bus->dbc); i++) {
        const struct binding *binding = &bus->bindings[i];
        if (!binding->bound || binding->slot.kind != CABIN_BELT)
            continue;
        const uint8_t belt = binding->slot.index;
        const int error = cabin_map_belt_seat(map, belt, &config->belt_seats[belt]);
        if (error != 0) {
            fail(ret_reason, dbc_signal_at(bus->dbc, i)->name, "a belt whose seat has no signal");
            return error;
        }
    }
    return 0;
}

static int set_up(struct cabinbus *bus, const struct config_signal *signals, size_t n_signals,
                  char ret_reason[CABINBUS_REASON_MAX])
{
    struct cabin_map map;
    struct cabin_config config = {0};
    cabin_map_init(&map);
    bus->bindings = calloc(dbc_signal_count(bus->dbc) + 1, sizeof *bus->bindings);
    if (bus->bindings == NULL) {
        fail(ret_reason, "cabin", strerror(ENOMEM));
        return -ENOMEM;
    }
    int error = n_signals > 0 ? bind_by_config(bus, signals, n_signals, &map, &config, ret_reason)
                              : bind_by_name(bus, &map, &config, ret_reason);
    if (error == 0)
        error = link_belts(bus, &map, &config, ret_reason);
    if (error != 0)
        return error;
    config.n_seats = bus->stats.seats = map.n_seats;
    config.n_belts = bus->stats.belts = map.n_belts;
    config.n_doors = bus->stats.doors = map.n_doors;
    error = cabin_init(&bus->cabin, &config);
    if (error != 0)
        fail(ret_reason, "cabin", "a seat's signal can report no sensible number of persons");
    return error;
}

int cabinbus_create(const char *dbc_path, const struct config_signal *signals, size_t n_signals,
                    struct cabinbus **ret, char ret_reason[CABINBUS_REASON_MAX])
{
    struct cabinbus *bus = calloc(1, sizeof *bus);
    if (bus == NULL) {
        fail(ret_reason, dbc_path, strerror(ENOMEM));
        return -ENOMEM;
    }
    char dbc_reason[DBC_ERROR_LEN];
    int error = dbc_load(dbc_path, dbc_reason, &bus->dbc);
    if (error != 0)
        (void)snprintf(ret_reason, CABINBUS_REASON_MAX, "%s", dbc_reason);
    else
        error = set_up(bus, signals, n_signals, ret_reason);
    if (error == 0)
        *ret = bus;
    else
        cabinbus_destroy(bus);
    return error;
}

void cabinbus_destroy(struct cabinbus *bus)
{
    if (bus == NULL)
        return;
    dbc_free(bus->dbc);
    free(bus->bindings);
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
    const struct binding *binding = &decoding->bus->bindings[signal];
    if (binding->bound)
        (void)cabin_update(&decoding->bus->cabin, binding->slot, meaning(binding, value),
                           decoding->mono_ms); /* counts what it refuses */
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
    return cabinbus_same_aboard(a, b) && same_belts(&a->belts, &b->belts) && same_wheel(a, b) &&
           a->main_power == b->main_power && a->antenna_ok == b->antenna_ok;
}

void cabinbus_stats(const struct cabinbus *bus, struct cabinbus_stats *ret)
{
    *ret = bus->stats;
    ret->refused_values = bus->cabin.refused;
}
