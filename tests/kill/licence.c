/* Signs a licence again, with thresholds under which alerts come and go within a second, for tests/kill/run.
 *
 *     kill_licence FILE SECRET OUT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gateway/issuedfile.h"

static int fail(const char *what, int error)
{
    (void)fprintf(stderr, "kill_licence: %s: %s\n", what, strerror(-error));
    return 3;
}

int main(int argc, char **argv)
{
    const struct issued_for anybody = {0};
    struct issued issued = {.kind = ISSUED_LICENCE};
    struct seal_key key;
    struct wire_bytes sealed;
    if (argc != 4)
        return 2;
    int error = seal_init();
    if (error == 0)
        error = seal_secret_load(argv[2], &key);
    if (error != 0)
        return fail(argv[2], error);
    error = issuedfile_load(ISSUED_LICENCE, argv[1], &anybody, &issued);
    if (error != 0)
        return fail(argv[1], error);
    struct bw_licence *licence = &issued.u.licence;
    licence->version += 1000; /* the bureau's own is older, and does not come instead */
    licence->thresholds.overload_hold_ms = 150;
    licence->thresholds.overload_clear_ms = 150;
    licence->thresholds.door_open_hold_ms = 150;
    licence->thresholds.raise_hold_off_ms = 1;
    licence->thresholds.update_interval_ms = 300;
    error = issued_seal(&issued, &key, &sealed);
    issued_free(&issued);
    if (error == 0) {
        error = issuedfile_store(argv[3], sealed.data, sealed.len);
        wire_bytes_free(&sealed);
    }
    return error == 0 ? 0 : fail(argv[3], error);
}
