/* The server as its callers see it: real HTTP over a real socket, a real store in a folder of its own for
 * each test. Of one program (api.cmake): all its files are of one suite. */
#ifndef BUSWARDEN_FIXTURE_API_H
#define BUSWARDEN_FIXTURE_API_H

#include "bureau/api/api.h"
#include "bureau/store/accounts.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 65536, PATIENCE_MS = 40000 };

extern struct stage {
    char folder[64];
    struct bureau_config config;
    struct store *store;
    struct api *api;
    const char *bearer; /* who asks; NULL = nobody */
    uint32_t own_address;
    bool broker_connected, ingest_failing;
    /* Linked with --wrap: a store that fails or waits on demand, and a clock of ours that can be ahead. */
    bool store_broken, audit_broken;
    atomic_bool audit_held, audit_begun, repeats_held, repeats_begun;
    atomic_uint n_audits;
    char audited[BW_PLATE_LEN];
    atomic_int ahead_s;
} stage;

/* --- the stage --- */

void stage_set_up(void); /* bus-b on route r-1; an administrator asks */
void stage_tear_down(void);
void put_file(const char *name, const char *content); /* into the folder */
/* One more phase of alert object `number`; its event's number. */
int64_t put_alert(uint64_t number, enum bw_phase phase);
void put_presence_of(uint16_t aboard, int64_t utc_ms);
void put_account(const char *name, char ret_token[SECRET_TEXT_LEN]); /* an administrator's API token */
int64_t now_utc_ms(void);
void broker(void *context, struct ingest_stats *ret); /* for api_start() */

/* --- a client --- */

struct answer {
    int status;
    char text[TEXT_MAX]; /* headers and body */
    const char *body;
};

int open_request(const char *method, const char *target, const char *headers);
/* Reads on until `needle` stands in `text`, or to the end when it is NULL; false when that does not happen.
 */
bool read_until(int fd, char text[TEXT_MAX], const char *needle);
const struct answer *ask(const char *method, const char *target,
                         const char *headers); /* until the next one */
json_t *get_json(const char *target, int status);
int status_of(const char *text); /* of an answer; 0: none */

#endif
