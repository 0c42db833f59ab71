#include "gateway/cabin/mapping.h"

#include <errno.h>
#include <string.h>

static const unsigned ROW_MAX = 99, PLACE_MAX = 9;

enum { N_SIDES = 3 };

/* The words of one way of naming. */
struct dialect {
    const char *seat, *row_end, *sides[N_SIDES], *seat_end, *belt_end; /* sides: left, right, middle */
    const char *door, *door_end, *in_end, *out_end;
    struct single {
        const char *name;
        enum cabin_kind kind;
    } singles[6];
};
enum { N_SINGLES = sizeof((struct dialect *)NULL)->singles / sizeof(struct single) };

static const struct dialect configuration = {
    .seat = "seat.row",
    .row_end = ".",
    .sides = {"left", "right", "middle"},
    .seat_end = ".occupied",
    .belt_end = ".belted",
    .door = "door.",
    .door_end = ".open",
    .in_end = ".in",
    .out_end = ".out",
    .singles = {{"ignition.on", CABIN_IGNITION},
                {"ignition.on", CABIN_IGNITION},
                {"power.main", CABIN_POWER},
                {"gnss.antenna", CABIN_ANTENNA},
                {"vehicle.speed", CABIN_WHEEL},
                {"attendant.button", CABIN_BUTTON}},
};

static const struct dialect convention = {
    .seat = "SEAT_R",
    .row_end = "",
    .sides = {"L", "R", "M"},
    .seat_end = "_OCC",
    .belt_end = "_BELT",
    .door = "DOOR_",
    .door_end = "_OPEN",
    .in_end = "_IN",
    .out_end = "_OUT",
    .singles = {{"IGN_ON", CABIN_IGNITION},
                {"IGNITION_ON", CABIN_IGNITION},
                {"POWER_MAIN", CABIN_POWER},
                {"GNSS_ANTENNA", CABIN_ANTENNA},
                {"VEHICLE_SPEED", CABIN_WHEEL},
                {"ATTENDANT_BUTTON", CABIN_BUTTON}},
};

static bool literal(const char **at, const char *text)
{
    const size_t n = strlen(text);
    if (strncmp(*at, text, n) != 0)
        return false;
    *at += n;
    return true;
}

/* 1..max, without leading zeros */
static bool number(const char **at, unsigned max, unsigned *ret)
{
    const char *p = *at;
    unsigned value = 0;
    if (*p < '1' || *p > '9')
        return false;
    for (; *p >= '0' && *p <= '9'; p++) {
        value = value * 10 + (unsigned)(*p - '0');
        if (value > max)
            return false;
    }
    *at = p;
    *ret = value;
    return true;
}

/* "seat.row3.left" and what `end` says of it */
static bool parse_seat(const struct dialect *words, const char *end, const char *at,
                       struct cabin_place *ret_seat)
{
    struct cabin_place seat = {.place = 1};
    if (!literal(&at, words->seat) || !number(&at, ROW_MAX, &seat.row) || !literal(&at, words->row_end))
        return false;
    while (seat.side < N_SIDES && !literal(&at, words->sides[seat.side]))
        seat.side++;
    if (seat.side == N_SIDES)
        return false;
    (void)number(&at, PLACE_MAX, &seat.place); /* may be left out */
    if (!literal(&at, end) || *at != '\0')
        return false;
    *ret_seat = seat;
    return true;
}

/* In lower case, so that both ways of naming give the same door; '\0' when it may not be in a name. */
static char door_letter(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (!allowed)
        return '\0';
    return c;
}

/* "door.front" and what `end` says of it */
static bool parse_door(const struct dialect *words, const char *end, const char *at,
                       char ret_name[CABIN_DOOR_NAME_LEN])
{
    if (!literal(&at, words->door))
        return false;
    const size_t tail = strlen(end), len = strlen(at);
    if (len <= tail || len - tail >= CABIN_DOOR_NAME_LEN || strcmp(at + len - tail, end) != 0)
        return false;
    for (size_t i = 0; i < len - tail; i++) {
        ret_name[i] = door_letter(at[i]);
        if (ret_name[i] == '\0')
            return false;
    }
    ret_name[len - tail] = '\0';
    return true;
}

static bool same(const struct cabin_place *a, const struct cabin_place *b)
{
    return a->row == b->row && a->side == b->side && a->place == b->place;
}

static int add_seat(struct cabin_place *seats, size_t *n_seats, enum cabin_kind kind, struct cabin_place seat,
                    struct cabin_slot *ret_slot)
{
    for (size_t i = 0; i < *n_seats; i++) {
        if (same(&seats[i], &seat))
            return -EEXIST;
    }
    if (*n_seats == CABIN_SEATS_MAX)
        return -ENOSPC;
    *ret_slot = (struct cabin_slot){kind, (uint8_t)*n_seats};
    seats[(*n_seats)++] = seat;
    return 0;
}

static int add_door(struct cabin_map *map, const char *name, struct cabin_slot *ret_slot)
{
    for (size_t i = 0; i < map->n_doors; i++) {
        if (strcmp(map->doors[i], name) == 0)
            return -EEXIST;
    }
    if (map->n_doors == CABIN_DOORS_MAX)
        return -ENOSPC;
    *ret_slot = (struct cabin_slot){CABIN_DOOR, (uint8_t)map->n_doors};
    memcpy(map->doors[map->n_doors++], name, strlen(name) + 1);
    return 0;
}

static int add_counter(struct cabin_map *map, const char *door, enum cabin_kind kind,
                       struct cabin_slot *ret_slot)
{
    size_t i = 0;
    while (i < map->n_counters && strcmp(map->counters[i].door, door) != 0)
        i++;
    if (i == CABIN_DOORS_MAX)
        return -ENOSPC;
    struct cabin_counter_name *counter = &map->counters[i];
    if (i == map->n_counters) {
        *counter = (struct cabin_counter_name){.in = false};
        memcpy(counter->door, door, strlen(door) + 1);
        map->n_counters++;
    }
    bool *given = kind == CABIN_IN ? &counter->in : &counter->out;
    if (*given)
        return -EEXIST;
    *given = true;
    *ret_slot = (struct cabin_slot){kind, (uint8_t)i};
    return 0;
}

static int add_single(struct cabin_map *map, enum cabin_kind kind, struct cabin_slot *ret_slot)
{
    if (map->has[kind])
        return -EEXIST;
    map->has[kind] = true;
    *ret_slot = (struct cabin_slot){kind, 0};
    return 0;
}

static int add(struct cabin_map *map, const struct dialect *words, const char *name,
               struct cabin_slot *ret_slot)
{
    struct cabin_place seat;
    char door[CABIN_DOOR_NAME_LEN];
    if (parse_seat(words, words->seat_end, name, &seat))
        return add_seat(map->seats, &map->n_seats, CABIN_SEAT, seat, ret_slot);
    if (parse_seat(words, words->belt_end, name, &seat))
        return add_seat(map->belts, &map->n_belts, CABIN_BELT, seat, ret_slot);
    if (parse_door(words, words->door_end, name, door))
        return add_door(map, door, ret_slot);
    if (parse_door(words, words->in_end, name, door))
        return add_counter(map, door, CABIN_IN, ret_slot);
    if (parse_door(words, words->out_end, name, door))
        return add_counter(map, door, CABIN_OUT, ret_slot);
    for (size_t i = 0; i < N_SINGLES; i++) {
        if (strcmp(name, words->singles[i].name) == 0)
            return add_single(map, words->singles[i].kind, ret_slot);
    }
    return -ENOENT;
}

void cabin_map_init(struct cabin_map *ret_map)
{
    *ret_map = (struct cabin_map){0};
}

int cabin_map_name(struct cabin_map *map, const char *name, struct cabin_slot *ret_slot)
{
    return add(map, &configuration, name, ret_slot);
}

int cabin_map_signal(struct cabin_map *map, const char *dbc_name, struct cabin_slot *ret_slot)
{
    return add(map, &convention, dbc_name, ret_slot);
}

int cabin_map_belt_seat(const struct cabin_map *map, size_t belt, uint8_t *ret_seat)
{
    for (size_t i = 0; i < map->n_seats; i++) {
        if (same(&map->seats[i], &map->belts[belt])) {
            *ret_seat = (uint8_t)i;
            return 0;
        }
    }
    return -ENOENT;
}

uint8_t cabin_map_door_counter(const struct cabin_map *map, size_t door)
{
    for (size_t i = 0; i < map->n_counters; i++) {
        if (strcmp(map->counters[i].door, map->doors[door]) == 0)
            return (uint8_t)i;
    }
    return CABIN_NOT_COUNTED;
}

const char *cabin_map_half_counter(const struct cabin_map *map)
{
    for (size_t i = 0; i < map->n_counters; i++) {
        if (map->counters[i].in != map->counters[i].out)
            return map->counters[i].door;
    }
    return NULL;
}

struct cabin_seat cabin_seat_of(double maximum, unsigned length_bits)
{
    const unsigned all_ones = length_bits >= 8 ? UINT8_MAX : (1U << length_bits) - 1;
    const unsigned largest = all_ones > 1 ? all_ones - 1 : 1;
    const bool stated = maximum >= 1 && maximum <= all_ones;
    const unsigned capacity = stated ? (unsigned)maximum : largest;
    struct cabin_seat seat = {.capacity = (uint8_t)capacity, .unknown_value = CABIN_NO_UNKNOWN_VALUE};
    if (capacity < all_ones && length_bits <= 8)
        seat.unknown_value = (int16_t)all_ones;
    return seat;
}
