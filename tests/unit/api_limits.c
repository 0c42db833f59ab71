/* What nobody may have all of. */
#include "tests/unit/fixture_api.h"

#include <sys/socket.h>

/* Read to its end: true if there was an answer at all. */
static bool is_answered(int fd)
{
    char byte;
    const bool answered = read(fd, &byte, 1) == 1;
    (void)close(fd);
    return answered;
}

Test(api, an_address_has_half_of_the_connections_at_most)
{
    enum { MOST = 256 };
    static char text[TEXT_MAX];
    int fds[MOST];
    for (int i = 0; i < MOST; i++) {
        fds[i] = open_request("GET", "/healthz", "");
        text[0] = '\0';
        cr_assert(read_until(fds[i], text, "\r\n\r\n"), "connection %d", i);
    }
    cr_expect(!is_answered(open_request("GET", "/healthz", "Connection: close\r\n")));
    stage.own_address++;
    cr_expect_eq(ask("GET", "/healthz", "")->status, 200, "another one is served");
    stage.own_address--;
    (void)close(fds[0]);
    bool answered = false; /* it takes a moment until the server has seen the end */
    for (int i = 0; i < 1000 && !answered; i++) {
        answered = is_answered(open_request("GET", "/healthz", "Connection: close\r\n"));
        (void)usleep(answered ? 0 : 10000);
    }
    cr_expect(answered, "a place that becomes free is given again");
    for (int i = 1; i < MOST; i++)
        (void)close(fds[i]);
}

static void serve_behind_proxy(void)
{
    api_stop(stage.api);
    api_destroy(stage.api);
    stage.config.http_proxy = true;
    cr_assert_eq(api_create(&stage.config, &stage.api), 0);
    cr_assert_eq(api_listen(stage.api), 0);
    cr_assert_eq(api_start(stage.api, broker, NULL), 0);
}

/* Its headers are there, its body is not. */
static int begin_upload(const char *address)
{
    char headers[160];
    static char text[TEXT_MAX];
    (void)snprintf(headers, sizeof(headers),
                   "X-Forwarded-For: %s\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n", address);
    const int fd = open_request("POST", "/v1/registry/routes", headers);
    text[0] = '\0';
    cr_assert(read_until(fd, text, "100 Continue"), "%s", text);
    return fd;
}

/* "{}" is no row, if it gets so far. */
static int upload(const char *address)
{
    char headers[160];
    (void)snprintf(headers, sizeof(headers),
                   "X-Forwarded-For: %s\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
                   address);
    return ask("POST", "/v1/registry/routes", headers)->status;
}

Test(api, uploads_have_shares_of_account_and_address)
{
    enum { UPLOADS = 8, ACCOUNTS = UPLOADS / 2 + 1 };
    static char tokens[ACCOUNTS][SECRET_TEXT_LEN];
    int fds[UPLOADS];
    serve_behind_proxy();
    for (int i = 0; i < ACCOUNTS; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "sender-%d", i);
        put_account(name, tokens[i]);
    }
    for (int i = 0; i < UPLOADS; i++) { /* two an account, four an address */
        stage.bearer = tokens[i / 2];
        fds[i] = begin_upload(i < 4 ? "10.0.0.1" : "10.0.0.2");
        if (i == 1)
            cr_expect_eq(upload("10.0.0.3"), 429, "an account has two, wherever it is");
        if (i == 3) {
            stage.bearer = tokens[ACCOUNTS - 1];
            cr_expect_eq(upload("10.0.0.1"), 429, "an address has four, whoever it is");
            cr_expect_eq(upload("10.0.0.2"), 400, "another one is served");
        }
    }
    stage.bearer = tokens[ACCOUNTS - 1];
    cr_expect_eq(upload("10.0.0.3"), 503, "there are eight in all");
    (void)close(fds[0]);
    int status = 503;
    for (int i = 0; i < 1000 && status == 503; i++) {
        status = upload("10.0.0.3");
        (void)usleep(10000);
    }
    cr_expect_eq(status, 400, "a place that becomes free is given again");
    for (int i = 1; i < UPLOADS; i++)
        (void)close(fds[i]);
}

Test(api, an_account_has_no_more_than_128_requests_under_way)
{
    enum { MOST = 128 };
    static char text[TEXT_MAX], other[SECRET_TEXT_LEN];
    int fds[MOST];
    put_account("other", other);
    for (int i = 0; i < MOST; i++) { /* small bodies that do not come */
        fds[i] = open_request("POST", "/v1/sightings", "Content-Length: 10\r\nExpect: 100-continue\r\n");
        text[0] = '\0';
        cr_assert(read_until(fds[i], text, "100 Continue"), "request %d: %s", i, text);
    }
    cr_expect_eq(ask("GET", "/v1/vehicles", "")->status, 429);
    stage.bearer = other;
    cr_expect_eq(ask("GET", "/v1/vehicles", "")->status, 200, "another one is served");
    for (int i = 0; i < MOST; i++)
        (void)close(fds[i]);
}

/* Sends n bytes in chunks, and the end; the status, 0 when the connection was ended before. */
static int send_chunks(const char *method, const char *target, size_t n)
{
    static char text[TEXT_MAX], chunk[1024 + 8], body[1024 + 1];
    int status = 0;
    const int fd = open_request(method, target, "Transfer-Encoding: chunked\r\nConnection: close\r\n");
    memset(body, 'x', sizeof(body) - 1);
    (void)snprintf(chunk, sizeof(chunk), "400\r\n%s\r\n", body);
    bool up = true;
    for (size_t sent = 0; sent < n && up; sent += 1024)
        up = send(fd, chunk, 5 + 1024 + 2, MSG_NOSIGNAL) == 5 + 1024 + 2;
    up = up && send(fd, "0\r\n\r\n", 5, MSG_NOSIGNAL) == 5;
    text[0] = '\0';
    if (up && read_until(fd, text, NULL))
        status = status_of(text);
    (void)close(fd);
    return status;
}

Test(api, a_body_that_nobody_reads_ends_the_connection_after_64_kib)
{
    enum { MOST = 64 * 1024 };
    static const char *const anywhere[][2] = {{"POST", "/nowhere"}, {"GET", "/nowhere"}};
    for (size_t i = 0; i < 2; i++) {
        cr_expect_eq(send_chunks(anywhere[i][0], anywhere[i][1], MOST), 404);
        cr_expect_eq(send_chunks(anywhere[i][0], anywhere[i][1], MOST + 1024), 0);
    }
    cr_expect_eq(send_chunks("GET", "/v1/vehicles", MOST), 200);
    cr_expect_eq(send_chunks("GET", "/v1/vehicles", MOST + 1024), 0);
    stage.bearer = NULL;
    cr_expect_eq(send_chunks("POST", "/v1/sightings", (size_t)16 * 1024), 401);
    cr_expect_eq(send_chunks("POST", "/v1/sightings", (size_t)17 * 1024), 0);
    cr_expect_eq(ask("POST", "/nowhere", "Content-Length: 65537\r\n")->status, 413);
}

Test(api, a_body_may_take_five_minutes)
{
    static char text[TEXT_MAX];
    for (int late = 0; late < 2; late++) {
        stage.ahead_s = 0;
        const int fd = open_request("POST", "/v1/sightings", "Content-Length: 2\r\nExpect: 100-continue\r\n");
        text[0] = '\0';
        cr_assert(read_until(fd, text, "100 Continue"), "%s", text);
        stage.ahead_s = late ? 301 : 290;
        cr_expect_eq(write(fd, "{}", 2), 2);
        text[0] = '\0';
        (void)read_until(fd, text, late ? NULL : "HTTP/1.1 415");
        cr_expect_eq(strlen(text) == 0, late, "%s", text);
        (void)close(fd);
    }
}

Test(api, a_list_of_plates_holds_up_no_other_request)
{
    stage.repeats_held = true;
    const int fd = open_request("GET", "/v1/sightings/recurrence?min=1", "Connection: close\r\n");
    while (!stage.repeats_begun)
        (void)usleep(1000);
    json_decref(get_json("/v1/plates/%E6%B5%99J12345", 200));
    stage.repeats_held = false;
    static char text[TEXT_MAX];
    cr_expect(read_until(fd, text, NULL));
    cr_expect(strstr(text, "HTTP/1.1 200") && strstr(text, "\"rows\":[]"), "%s", text);
    (void)close(fd);
}

Test(api, lists_that_wait_at_the_stop_are_answered_and_the_server_ends)
{
    enum { WAITING = 8 };
    int fds[WAITING + 2];
    stage.repeats_held = true;
    for (int i = 0; i < WAITING + 1; i++) { /* one is being made */
        fds[i] = open_request("GET", "/v1/sightings/recurrence", "Connection: close\r\n");
        while (!stage.repeats_begun)
            (void)usleep(1000);
    }
    while (stage.n_audits < WAITING + 1)
        (void)usleep(1000);
    cr_expect_eq(ask("GET", "/v1/sightings/recurrence", "")->status, 503, "as many wait as may");
    stage.repeats_held = false;
    api_stop(stage.api);
    for (int i = 0; i < WAITING + 1; i++) {
        static char text[TEXT_MAX];
        text[0] = '\0';
        cr_expect(read_until(fds[i], text, NULL));
        cr_expect(strstr(text, "HTTP/1.1 200") || strstr(text, "HTTP/1.1 503"), "%d: %s", i, text);
        (void)close(fds[i]);
    }
}
