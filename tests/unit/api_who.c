/* Who asks. */
#include "tests/unit/fixture_api.h"

Test(api, without_a_word_of_who_asks_nothing_but_the_page_and_the_bare_health_is_told)
{
    static const struct {
        const char *method, *target;
        int status;
    } table[] = {
        {"GET", "/", 200},
        {"GET", "/console/main.js", 200},
        {"GET", "/lib/leaflet/leaflet.css", 200},
        {"GET", "/healthz", 200},
        {"GET", "/v1/alerts", 401},
        {"GET", "/v1/alerts/stream", 401},
        {"GET", "/v1/vehicles", 401},
        {"GET", "/v1/trips", 401},
        {"GET", "/v1/plates/x", 401},
        {"GET", "/v1/console", 401},
        {"GET", "/v1/session", 401},
        {"GET", "/v1/accounts", 401},
        {"POST", "/v1/session", 403}, /* not by a page of ours */
        {"GET", "/v1/none", 404},
        {"DELETE", "/v1/session", 401},
    };
    static const char *const nobodies[] = {NULL, "bwt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "x", ""};
    for (size_t n = 0; n < sizeof(nobodies) / sizeof(nobodies[0]); n++) {
        stage.bearer = nobodies[n];
        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
            const struct answer *answer = ask(table[i].method, table[i].target, "");
            cr_expect_eq(answer->status, table[i].status, "%s %s: %s", table[i].method, table[i].target,
                         answer->text);
            cr_expect_eq(table[i].status == 401, strstr(answer->text, "WWW-Authenticate: Bearer") != NULL);
        }
        cr_expect_str_eq(ask("GET", "/healthz", "")->body, "{\"status\":\"ok\"}");
    }
}

Test(api, a_session_needs_a_page_of_ours_for_a_change)
{
    static const struct {
        const char *headers;
        bool taken;
    } table[] = {
        {"", false},
        {"X-Buswarden: 1\r\n", true},
        {"X-Buswarden: 1\r\nSec-Fetch-Site: same-origin\r\n", true},
        {"X-Buswarden: 1\r\nSec-Fetch-Site: same-site\r\n", false},
        {"X-Buswarden: 1\r\nSec-Fetch-Site: cross-site\r\nOrigin: http://localhost\r\n", false},
        {"X-Buswarden: 1\r\nSec-Fetch-Site: none\r\n", false},
        {"X-Buswarden: 1\r\nOrigin: http://localhost\r\n", true},
        {"X-Buswarden: 1\r\nOrigin: http://elsewhere\r\n", false},
        {"X-Buswarden: 1\r\nOrigin: null\r\n", false},
        {"Sec-Fetch-Site: same-origin\r\nOrigin: http://localhost\r\n", false},
    };
    stage.bearer = NULL;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char secret[SECRET_TEXT_LEN], headers[512];
        uint8_t hash[SECRET_HASH_LEN];
        secret_make(SECRET_SESSION, secret, hash);
        cr_assert_eq(session_add(stage.store, hash, "tester", now_utc_ms()), 0);
        (void)snprintf(headers, sizeof(headers), "Cookie: buswarden=%s\r\n%s", secret, table[i].headers);
        cr_expect_eq(ask("GET", "/v1/session", headers)->status, 200, "it reads without");
        const struct answer *answer = ask("DELETE", "/v1/tokens/99", headers);
        cr_expect_eq(answer->status, table[i].taken ? 404 : 403, "%s: %s", table[i].headers, answer->text);
        cr_expect_eq(table[i].taken, strstr(answer->text, "\"forged\"") == NULL);
    }
}

Test(api, who_asks_too_often_is_told_when_to_come_back)
{
    enum { BURST = 100 };
    stage.bearer = NULL;
    const struct answer *answer = NULL;
    for (int i = 0; i < 4 * BURST; i++) {
        answer = ask("GET", "/v1/vehicles", "");
        if (answer->status == 429)
            break;
        cr_assert_eq(answer->status, 401);
    }
    cr_assert_eq(answer->status, 429);
    cr_expect(strstr(answer->text, "Retry-After: 1\r\n"), "%s", answer->text);
    cr_expect_eq(ask("GET", "/", "")->status, 200, "the page is another matter");
}
