/* The simulator's cabin for departure.c, which cannot include it: the gateway's has the same names. */
#ifndef BUSWARDEN_DEPARTURE_BUS_H
#define BUSWARDEN_DEPARTURE_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct departure_frame {
    uint32_t id;
    uint8_t len, data[8];
};

enum { DEPARTURE_FRAMES_MAX = 8 };

void bus_reset(uint64_t seed);
bool bus_write_dbc(const char *path);
unsigned bus_below(unsigned n); /* a random number */
bool bus_board(void);           /* false when nobody more fits */
bool bus_alight(void);          /* false when nobody is aboard */
unsigned bus_aboard(void);
void bus_doors(bool front, bool rear);
size_t bus_frames(struct departure_frame ret[DEPARTURE_FRAMES_MAX]);

#endif
