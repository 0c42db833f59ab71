/* A fleet of vehicles in one process, for load: each with its own MQTT connection, keys and licence. */
#ifndef BUSWARDEN_SIM_FLEET_H
#define BUSWARDEN_SIM_FLEET_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

enum { FLEET_MAX = 20000, FLEET_REASON_LEN = 256 };

/* Makes dir (which must not be there) with registry/ for `import`, and keys/<vehicle> with <vehicle>.pub for
 * `enrol`. 0, or a negative errno with the reason. */
int fleet_prepare(const char *dir, unsigned vehicles, char ret_reason[FLEET_REASON_LEN]);

struct fleet_options {
    const char *dir;   /* as prepared */
    unsigned vehicles; /* of those */
    const char *host;
    int port;
    const char *ca, *cert, *key; /* TLS with one certificate for all: all three or none */
    const char *bureau_pub;      /* file */
    unsigned seconds;            /* of driving */
    unsigned backlog; /* records that each has waiting at the start: then that is all, no driving */
    double overloads_per_h;
    bool trust_receipts; /* their signatures are not checked: vehicles do that on processors of their own */
    FILE *raised;        /* "vehicle number mono_ns" of each alert, as it is raised; NULL = not */
    FILE *out;           /* what happens; the last line is the summary, in JSON */
    const volatile sig_atomic_t *stop;
};
/* Until all has been receipted, or nothing was for a minute. 0 when it was; -ETIMEDOUT when not;
 * else a negative errno with the reason. */
int fleet_run(const struct fleet_options *options, char ret_reason[FLEET_REASON_LEN]);

#endif
