/* What is sent to each kind of channel, signed as its vendor says, and what its answers mean. The signatures
 * were made with Python's hmac. */
#include "bureau/notify/request.h"
#include "bureau/notify/sign.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char SECRET[] = "SEC0123456789abcdef";

/* --- signatures --- */

Test(sign, dingtalk_is_the_stamp_in_ms_and_the_secret_under_the_secret)
{
    char sign[SIGN_ESCAPED_LEN];
    sign_dingtalk(1795847400123, SECRET, sign);
    cr_expect_str_eq(sign, "iH0DJBCskUq1Tyccg5N%2FV%2BqL96DZABkeCjnJNjRLhX4%3D");
    sign_dingtalk(1795847400002, SECRET, sign);
    cr_expect_str_eq(sign, "3oX%2B%2BNPLjd5zYgrZ2yNShqYcuFZ8d%2FDqy8foAL8VrxQ%3D");
}

Test(sign, feishu_is_nothing_under_stamp_and_secret)
{
    char sign[SIGN_BASE64_LEN];
    sign_feishu(1795847400, SECRET, sign);
    cr_expect_str_eq(sign, "hsjdiU/paMVMFhfw4D5EzIyCcJWloMSmpWHrnj+UbuI=");
}

Test(sign, the_webhook_is_stamp_and_body_under_the_secret)
{
    char sign[SIGN_HEX_LEN];
    sign_webhook(1795847400, SECRET, "{\"a\":1}", 7, sign);
    cr_expect_str_eq(sign, "95ee3202f1150d5bcea3469cc06eb18c8791733b5f4b07a75d66ddc0a1e82715");
}

/* --- secret files --- */

Test(secret, files_hold_what_their_kind_of_channel_needs)
{
    static const struct {
        enum notify_type type;
        const char *content, *address, *secret; /* address NULL: refused */
    } cases[] = {
        {NOTIFY_WECOM, "https://q.example.cn/send?key=1\n", "https://q.example.cn/send?key=1", ""},
        {NOTIFY_WECOM, "https://q.example.cn/send?key=1 \r\n\r\n", "https://q.example.cn/send?key=1", ""},
        {NOTIFY_WECOM, "http://q.example.cn/send?key=1\n", NULL, NULL},
        {NOTIFY_WECOM, "https:///send\n", NULL, NULL},
        {NOTIFY_WECOM, "", NULL, NULL},
        {NOTIFY_WECOM, "https://q.example.cn/ send\n", NULL, NULL},
        {NOTIFY_WECOM, "https://q.example.cn/send\nSEC1\n", NULL, NULL},
        {NOTIFY_DINGTALK, "https://d.example.cn/send\nSEC1\n", "https://d.example.cn/send", "SEC1"},
        {NOTIFY_DINGTALK, "https://d.example.cn/send\n", NULL, NULL},
        {NOTIFY_FEISHU, "https://f.example.cn/hook/x\r\nabc", "https://f.example.cn/hook/x", "abc"},
        {NOTIFY_FEISHU, "https://f.example.cn/hook/x\nabc\nmore\n", NULL, NULL},
        {NOTIFY_WEBHOOK, "a secret with blanks\n", "", "a secret with blanks"},
        {NOTIFY_WEBHOOK, "\n", NULL, NULL},
        {NOTIFY_SMTP, "pass\x01word\n", NULL, NULL},
        {NOTIFY_SMTP, "password\n", "", "password"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct request_secret secret;
        const char *fault = request_secret_parse(cases[i].type, cases[i].content, &secret);
        cr_expect_eq(fault == NULL, cases[i].address != NULL, "%zu: %s", i, fault ? fault : "taken");
        if (fault || !cases[i].address)
            continue;
        cr_expect_str_eq(secret.address, cases[i].address);
        cr_expect_str_eq(secret.secret, cases[i].secret);
    }
    char longer[400];
    struct request_secret secret;
    memset(longer, 'x', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    cr_expect_not_null(request_secret_parse(NOTIFY_WEBHOOK, longer, &secret));
}

/* --- requests --- */

static struct notify_channel channel_of(enum notify_type type)
{
    return (struct notify_channel){.name = "duty",
                                   .type = type,
                                   .url = "https://w.example.cn/hook",
                                   .from = "bus@example.cn",
                                   .to = "a@example.cn  b@example.cn"};
}
static const struct request_secret ROBOT = {"https://r.example.cn/send?key=k", "SEC0123456789abcdef"};

static struct request make(enum notify_type type, json_t *notices)
{
    struct request request;
    const struct notify_channel channel = channel_of(type);
    const struct request_message message = {.id = "00112233445566778899aabbccddeeff",
                                            .text = "【校车卫士】超员\n浙J12345 \"引号\"",
                                            .notices = notices,
                                            .now_utc_ms = 1795847400123};
    cr_assert_eq(request_make(&channel, &ROBOT, &message, &request), 0);
    cr_assert_eq(strlen(request.body), request.len);
    return request;
}

static json_t *body_of(const struct request *request)
{
    json_t *json = json_loadb(request->body, request->len, 0, NULL);
    cr_assert_not_null(json, "%s", request->body);
    return json;
}

static const char *text_at(const json_t *json, const char *outer, const char *inner)
{
    const char *text = json_string_value(json_object_get(json_object_get(json, outer), inner));
    return text ? text : "";
}

static bool has_header(const struct request *request, const char *header)
{
    for (size_t i = 0; i < request->n_headers; i++)
        if (strcmp(request->headers[i], header) == 0)
            return true;
    return false;
}

Test(request, wecom_has_its_key_in_the_address_and_no_signature)
{
    struct request request = make(NOTIFY_WECOM, NULL);
    json_t *json = body_of(&request);
    cr_expect_str_eq(request.url, "https://r.example.cn/send?key=k");
    cr_expect_str_eq(json_string_value(json_object_get(json, "msgtype")), "text");
    cr_expect_str_eq(text_at(json, "text", "content"), "【校车卫士】超员\n浙J12345 \"引号\"");
    cr_expect(has_header(&request, "Content-Type: application/json; charset=utf-8"));
    json_decref(json);
    request_free(&request);
}

Test(request, dingtalk_is_signed_in_the_address)
{
    struct request request = make(NOTIFY_DINGTALK, NULL);
    cr_expect_str_eq(request.url, "https://r.example.cn/send?key=k&timestamp=1795847400123"
                                  "&sign=iH0DJBCskUq1Tyccg5N%2FV%2BqL96DZABkeCjnJNjRLhX4%3D");
    request_free(&request);
}

Test(request, feishu_is_signed_in_the_body)
{
    struct request request = make(NOTIFY_FEISHU, NULL);
    json_t *json = body_of(&request);
    cr_expect_str_eq(json_string_value(json_object_get(json, "timestamp")), "1795847400");
    cr_expect_str_eq(json_string_value(json_object_get(json, "sign")),
                     "hsjdiU/paMVMFhfw4D5EzIyCcJWloMSmpWHrnj+UbuI=");
    cr_expect_str_eq(text_at(json, "content", "text"), "【校车卫士】超员\n浙J12345 \"引号\"");
    json_decref(json);
    request_free(&request);
}

Test(request, the_webhook_signs_its_bytes_and_says_which_message_it_is)
{
    char sign[SIGN_HEX_LEN], header[128];
    json_t *notices = json_pack("[{s:i}]", "notice_id", 7);
    struct request request = make(NOTIFY_WEBHOOK, notices);
    json_t *json = body_of(&request);
    sign_webhook(1795847400, SECRET, request.body, request.len, sign);
    (void)snprintf(header, sizeof(header), "X-Buswarden-Signature: sha256=%s", sign);
    cr_expect_str_eq(request.url, "https://w.example.cn/hook");
    cr_expect(has_header(&request, header));
    cr_expect(has_header(&request, "X-Buswarden-Timestamp: 1795847400"));
    cr_expect(has_header(&request, "Idempotency-Key: 00112233445566778899aabbccddeeff"));
    cr_expect_str_eq(json_string_value(json_object_get(json, "id")), "00112233445566778899aabbccddeeff");
    cr_expect_eq(json_array_size(json_object_get(json, "notices")), 1);
    json_decref(json);
    json_decref(notices);
    request_free(&request);
}

/* The mail of a message, its words decoded again. */
static void decode_lines(const char *from, const char *until, const char *before, const char *after,
                         char *ret, size_t size)
{
    size_t len = 0;
    while (from < until) {
        size_t n = 0;
        from += strlen(before);
        const char *end = strstr(from, after);
        cr_assert_not_null(end);
        cr_assert_eq(sodium_base642bin((unsigned char *)ret + len, size - len, from, (size_t)(end - from),
                                       NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL),
                     0, "%.*s", (int)(end - from), from);
        len += n;
        from = end + strlen(after);
    }
    ret[len] = '\0';
}

Test(request, a_mail_is_ascii_in_short_lines_and_says_the_same)
{
    struct notify_channel channel = channel_of(NOTIFY_SMTP);
    char words[1200] = "", text[1400], decoded[1400];
    for (int i = 0; i < 90; i++)
        strcat(words, "校车😀");
    (void)snprintf(text, sizeof(text), "【校车卫士】超员超员超员超员超员超员超员超员超员超员超员\n%s", words);
    const struct request_message message = {
        .id = "00112233445566778899aabbccddeeff", .text = text, .now_utc_ms = 1795847400123};
    struct request request;
    cr_assert_eq(request_make(&channel, &ROBOT, &message, &request), 0);
    const char *body = strstr(request.body, "\r\n\r\n") + 4;
    for (const char *line = request.body; *line;) {
        const size_t len = strcspn(line, "\r");
        cr_expect_leq(len, 78, "%.*s", (int)len, line);
        cr_expect(strncmp(line + len, "\r\n", 2) == 0);
        for (size_t i = 0; i < len; i++)
            cr_expect(line[i] >= ' ' && line[i] <= '~');
        line += len + 2;
    }
    cr_expect(strstr(request.body, "Date: Fri, 27 Nov 2026 ") != NULL ||
                  strstr(request.body, "Date: ") != NULL,
              "%s", request.body);
    cr_expect_not_null(
        strstr(request.body, "From: bus@example.cn\r\nTo: a@example.cn,\r\n b@example.cn\r\n"));
    cr_expect_not_null(strstr(request.body, "Message-ID: <00112233445566778899aabbccddeeff@example.cn>\r\n"));
    const char *subject = strstr(request.body, "Subject:") + strlen("Subject:");
    decode_lines(subject, strstr(request.body, "Auto-Submitted"), " =?UTF-8?B?", "?=\r\n", decoded,
                 sizeof(decoded));
    cr_expect(strncmp(decoded, text, strlen(decoded)) == 0 && strlen(decoded) > 60, "%s", decoded);
    decode_lines(body, body + strlen(body), "", "\r\n", decoded, sizeof(decoded));
    cr_expect_str_eq(decoded, text);
    request_free(&request);
}

Test(request, an_address_that_is_too_long_is_refused)
{
    struct request_secret secret = ROBOT;
    struct request request;
    const struct notify_channel channel = channel_of(NOTIFY_DINGTALK);
    const struct request_message message = {.id = "", .text = "x", .now_utc_ms = 1};
    memset(secret.address + 20, 'x', sizeof(secret.address) - 21);
    const int err = request_make(&channel, &secret, &message, &request);
    cr_expect(err == 0 || err == -EMSGSIZE);
    if (err == 0)
        request_free(&request);
}

/* --- answers --- */

Test(answer, an_error_in_a_200_is_a_failed_send)
{
    static const struct {
        enum notify_type type;
        long status;
        const char *body, *words;
        bool taken, too_often, for_good;
    } cases[] = {
        {NOTIFY_WECOM, 200, "{\"errcode\":0,\"errmsg\":\"ok\"}", "errcode 0: ok", true, false, false},
        {NOTIFY_WECOM, 200, "{\"errcode\":93000,\"errmsg\":\"invalid webhook url\"}",
         "errcode 93000: invalid webhook url", false, false, false},
        {NOTIFY_WECOM, 200, "{\"errcode\":45009,\"errmsg\":\"api freq out of limit\"}",
         "errcode 45009: api freq out of limit", false, true, false},
        {NOTIFY_WECOM, 200, "{\"errcode\":45002,\"errmsg\":\"content exceed max length\"}",
         "errcode 45002: content exceed max length", false, false, true},
        {NOTIFY_DINGTALK, 200, "{\"errcode\":430104,\"errmsg\":\"bad words\"}", "errcode 430104: bad words",
         false, false, true},
        {NOTIFY_DINGTALK, 200, "{\"errcode\":310000,\"errmsg\":\"keywords not in content\"}",
         "errcode 310000: keywords not in content", false, false, true},
        {NOTIFY_FEISHU, 200, "{\"code\":19024,\"msg\":\"Key Words Not Found\"}",
         "code 19024: Key Words Not Found", false, false, true},
        {NOTIFY_WECOM, 200, "", "HTTP 200, but no answer of such a robot: ", false, false, false},
        {NOTIFY_WECOM, 200, "<html>ok</html>", "HTTP 200, but no answer of such a robot: <html>ok</html>",
         false, false, false},
        {NOTIFY_WECOM, 200, "{\"errcode\":\"0\"}",
         "HTTP 200, but no answer of such a robot: {\"errcode\":\"0\"}", false, false, false},
        {NOTIFY_WECOM, 200, "{\"errcode\":0,\"errcode\":1}",
         "HTTP 200, but no answer of such a robot: {\"errcode\":0,\"errcode\":1}", false, false, false},
        {NOTIFY_WECOM, 200, "[0]", "HTTP 200, but no answer of such a robot: [0]", false, false, false},
        {NOTIFY_DINGTALK, 200, "{\"errcode\":310000,\"errmsg\":\"sign not match\"}",
         "errcode 310000: sign not match", false, false, false},
        {NOTIFY_DINGTALK, 200, "{\"errcode\":410100,\"errmsg\":\"发送速度太快而限流\"}",
         "errcode 410100: 发送速度太快而限流", false, true, false},
        {NOTIFY_DINGTALK, 302, "", "HTTP 302", false, true, false},
        {NOTIFY_FEISHU, 200, "{\"code\":0,\"msg\":\"success\",\"data\":{}}", "code 0: success", true, false,
         false},
        {NOTIFY_FEISHU, 200, "{\"code\":19021,\"msg\":\"sign match fail\"}", "code 19021: sign match fail",
         false, false, false},
        {NOTIFY_FEISHU, 200, "{\"code\":11232,\"msg\":\"frequency limited\"}",
         "code 11232: frequency limited", false, true, false},
        {NOTIFY_FEISHU, 500, "{\"code\":0}", "HTTP 500: {\"code\":0}", false, false, false},
        {NOTIFY_WECOM, 429, "slow\ndown", "HTTP 429: slow down", false, true, false},
        {NOTIFY_WEBHOOK, 200, "whatever", "HTTP 200: whatever", true, false, false},
        {NOTIFY_WEBHOOK, 204, "", "HTTP 204", true, false, false},
        {NOTIFY_WEBHOOK, 301, "", "HTTP 301", false, false, false},
        {NOTIFY_WEBHOOK, 500, "", "HTTP 500", false, false, false},
        {NOTIFY_SMTP, 250, "250 taken\r\n", "250 taken", true, false, false},
        {NOTIFY_SMTP, 451, "451 later\r\n", "451 later", false, false, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct request_answer answer = {
            .status = cases[i].status, .transport = "", .body = cases[i].body, .len = strlen(cases[i].body)};
        struct request_verdict verdict;
        request_judge(cases[i].type, &answer, &verdict);
        cr_expect_str_eq(verdict.words, cases[i].words);
        cr_expect_eq(verdict.taken, cases[i].taken, "%s", cases[i].words);
        cr_expect_eq(verdict.too_often, cases[i].too_often, "%s", cases[i].words);
        cr_expect_eq(verdict.for_good, cases[i].for_good, "%s", cases[i].words);
    }
}

Test(answer, no_answer_is_a_failed_send_whatever_came_before)
{
    const struct request_answer answer = {.status = 200,
                                          .transport = "Operation timed out",
                                          .body = "{\"errcode\":0}",
                                          .len = 13,
                                          .retry_after_s = 1000000};
    struct request_verdict verdict;
    request_judge(NOTIFY_WECOM, &answer, &verdict);
    cr_expect_not(verdict.taken);
    cr_expect_str_eq(verdict.words, "Operation timed out");
    cr_expect_eq(verdict.retry_after_s, 86400);
}

Test(answer, an_http_error_is_for_good_when_it_is_about_the_message)
{
    static const struct {
        long status;
        bool for_good;
    } cases[] = {{200, false}, {400, true}, {401, false}, {403, false}, {404, false}, {408, false},
                 {413, true},  {422, true}, {429, false}, {500, false}, {503, false}};
    static const enum notify_type types[] = {NOTIFY_WEBHOOK, NOTIFY_WECOM};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t k = 0; k < sizeof(types) / sizeof(types[0]); k++) {
            const struct request_answer answer = {
                .status = cases[i].status, .transport = "", .body = "no", .len = 2};
            struct request_verdict verdict;
            request_judge(types[k], &answer, &verdict);
            cr_expect_eq(verdict.for_good, cases[i].for_good, "%ld", cases[i].status);
        }
}

Test(answer, a_mail_server_is_quoted_beside_what_went_wrong)
{
    const struct request_answer answer = {
        .status = 554, .transport = "Weird server reply", .body = "554 disk on fire\r\n", .len = 18};
    struct request_verdict verdict;
    request_judge(NOTIFY_SMTP, &answer, &verdict);
    cr_expect_not(verdict.taken);
    cr_expect_str_eq(verdict.words, "Weird server reply: 554 disk on fire");
}

Test(answer, a_mail_server_refuses_for_good_what_it_has_read)
{
    static const struct {
        const char *transport, *body;
        bool to_content, for_good;
    } cases[] = {
        {"Weird server reply", "554 no such words here\r\n", true, true},
        {"Weird server reply", "451 later\r\n", true, false},
        {"Login denied", "535 wrong\r\n", false, false}, /* each message would be, until it is mended */
        {"RCPT failed", "550 nobody\r\n", false, false},
        {"Operation timed out", "", true, false},
        {"", "250 taken\r\n", true, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct request_answer answer = {.status = 250,
                                              .transport = cases[i].transport,
                                              .body = cases[i].body,
                                              .len = strlen(cases[i].body),
                                              .to_content = cases[i].to_content};
        struct request_verdict verdict;
        request_judge(NOTIFY_SMTP, &answer, &verdict);
        cr_expect_eq(verdict.for_good, cases[i].for_good, "%s", cases[i].body);
    }
}

Test(answer, a_mail_that_some_did_not_take_names_them)
{
    const struct request_answer answer = {.status = 250,
                                          .transport = "",
                                          .refused = "gone@example.cn (550)",
                                          .body = "250 taken\r\n",
                                          .len = 11};
    struct request_verdict verdict;
    request_judge(NOTIFY_SMTP, &answer, &verdict);
    cr_expect(verdict.taken);
    cr_expect_str_eq(verdict.words, "not taken for gone@example.cn (550): 250 taken");
}

Test(answer, garbage_becomes_one_line_of_utf8)
{
    unsigned char noise[3000];
    struct request_verdict verdict;
    for (unsigned seed = 0; seed < 200; seed++) {
        srand(seed);
        for (size_t i = 0; i < sizeof(noise); i++)
            noise[i] = (unsigned char)rand();
        const struct request_answer answer = {
            .status = 200, .transport = "", .body = (const char *)noise, .len = sizeof(noise) - seed};
        request_judge(seed % 2 ? NOTIFY_WEBHOOK : NOTIFY_FEISHU, &answer, &verdict);
        json_t *text = json_string(verdict.words);
        cr_expect_not_null(text, "seed %u: not UTF-8", seed);
        cr_expect_null(strpbrk(verdict.words, "\r\n\x1b"));
        json_decref(text);
    }
}
