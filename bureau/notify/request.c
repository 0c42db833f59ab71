#include "bureau/notify/request.h"

#include "bureau/notify/sign.h"
#include "proto/modeljson.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- secrets --- */

/* The next line from *at on, without blanks at its end. NULL, or what is wrong. */
static const char *take_line(const char **at, char ret[REQUEST_SECRET_MAX])
{
    const size_t len = strcspn(*at, "\r\n");
    size_t used = len;
    while (used > 0 && ((*at)[used - 1] == ' ' || (*at)[used - 1] == '\t'))
        used--;
    if (used >= REQUEST_SECRET_MAX)
        return "a line is too long";
    for (size_t i = 0; i < used; i++)
        if ((unsigned char)(*at)[i] < ' ')
            return "not a text of lines";
    memcpy(ret, *at, used);
    ret[used] = '\0';
    *at += len;
    *at += strspn(*at, "\r\n");
    return NULL;
}

static bool is_https(const char *address)
{
    if (strncmp(address, "https://", 8) != 0 || address[8] == '\0' || address[8] == '/')
        return false;
    for (const char *at = address; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~')
            return false;
    return true;
}

const char *request_secret_parse(enum notify_type type, const char *content, struct request_secret *ret)
{
    struct request_secret secret = {0};
    const bool is_robot = type != NOTIFY_SMTP && type != NOTIFY_WEBHOOK;
    const bool is_signed = type == NOTIFY_DINGTALK || type == NOTIFY_FEISHU;
    const char *fault = NULL;
    if (is_robot)
        fault = take_line(&content, secret.address);
    if (fault == NULL && is_robot && !is_https(secret.address))
        fault = "the first line is not the robot's https address";
    if (fault == NULL && (!is_robot || is_signed))
        fault = take_line(&content, secret.secret);
    if (fault == NULL && is_signed && secret.secret[0] == '\0')
        fault = "the second line, the signing secret, is missing";
    else if (fault == NULL && !is_robot && secret.secret[0] == '\0')
        fault = "it is empty";
    if (fault == NULL && *content != '\0')
        fault = "more lines than there should be";
    if (fault == NULL)
        *ret = secret;
    return fault;
}

/* --- requests --- */

static void add_header(struct request *request, const char *name, const char *value)
{
    if (request->n_headers < REQUEST_HEADERS_MAX)
        (void)snprintf(request->headers[request->n_headers++], REQUEST_HEADER_MAX, "%s: %s", name, value);
}

/* Takes the reference. */
static int put_json(struct request *request, json_t *json)
{
    request->body = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (request->body == NULL)
        return -ENOMEM;
    request->len = strlen(request->body);
    add_header(request, "Content-Type", "application/json; charset=utf-8");
    return 0;
}

static int put_url(struct request *request, const char *url)
{
    const int n = snprintf(request->url, sizeof(request->url), "%s", url);
    return n >= 0 && (size_t)n < sizeof(request->url) ? 0 : -EMSGSIZE;
}

static int make_wecom(const struct request_secret *secret, const struct request_message *message,
                      struct request *ret)
{
    const int err = put_url(ret, secret->address);
    return err < 0 ? err
                   : put_json(ret, json_pack("{s:s, s:{s:o}}", "msgtype", "text", "text", "content",
                                             modeljson_text(message->text)));
}

static int make_dingtalk(const struct request_secret *secret, const struct request_message *message,
                         struct request *ret)
{
    char sign[SIGN_ESCAPED_LEN];
    sign_dingtalk(message->now_utc_ms, secret->secret, sign);
    const int n = snprintf(ret->url, sizeof(ret->url), "%s%ctimestamp=%lld&sign=%s", secret->address,
                           strchr(secret->address, '?') ? '&' : '?', (long long)message->now_utc_ms, sign);
    if (n < 0 || (size_t)n >= sizeof(ret->url))
        return -EMSGSIZE;
    return put_json(ret, json_pack("{s:s, s:{s:o}}", "msgtype", "text", "text", "content",
                                   modeljson_text(message->text)));
}

static int make_feishu(const struct request_secret *secret, const struct request_message *message,
                       struct request *ret)
{
    char sign[SIGN_BASE64_LEN], stamp[24];
    const int64_t utc_s = message->now_utc_ms / 1000;
    sign_feishu(utc_s, secret->secret, sign);
    (void)snprintf(stamp, sizeof(stamp), "%lld", (long long)utc_s);
    const int err = put_url(ret, secret->address);
    return err < 0 ? err
                   : put_json(ret, json_pack("{s:s, s:s, s:s, s:{s:o}}", "timestamp", stamp, "sign", sign,
                                             "msg_type", "text", "content", "text",
                                             modeljson_text(message->text)));
}

static int make_webhook(const struct notify_channel *channel, const struct request_secret *secret,
                        const struct request_message *message, struct request *ret)
{
    char sign[SIGN_HEX_LEN], header[SIGN_HEX_LEN + 8], stamp[24];
    const int64_t utc_s = message->now_utc_ms / 1000;
    int err = put_url(ret, channel->url);
    if (err == 0)
        err = put_json(ret, json_pack("{s:s, s:s, s:o, s:o, s:o}", "id", message->id, "channel",
                                      channel->name, "sent_at", modeljson_instant(message->now_utc_ms),
                                      "text", modeljson_text(message->text), "notices",
                                      message->notices ? json_incref(message->notices) : json_array()));
    if (err < 0)
        return err;
    sign_webhook(utc_s, secret->secret, ret->body, ret->len, sign);
    (void)snprintf(header, sizeof(header), "sha256=%s", sign);
    (void)snprintf(stamp, sizeof(stamp), "%lld", (long long)utc_s);
    add_header(ret, "Idempotency-Key", message->id);
    add_header(ret, "X-Buswarden-Timestamp", stamp);
    add_header(ret, "X-Buswarden-Signature", header);
    return 0;
}

/* --- mail: RFC 5322 with a body in base64 --- */

enum { MAIL_LINE = 57 }; /* bytes that make 76 characters of base64 (RFC 2045, 6.8) */

/* What stands in lines of a body is cut anywhere; an encoded word of a header holds whole characters (RFC
 * 2047, section 5). */
static void put_base64(FILE *out, const char *data, size_t len, const char *before, size_t per_line,
                       const char *after, bool by_characters)
{
    char line[sodium_base64_ENCODED_LEN(MAIL_LINE, sodium_base64_VARIANT_ORIGINAL)];
    for (size_t at = 0; at < len;) {
        size_t n = len - at < per_line ? len - at : per_line;
        while (by_characters && at + n < len && n > 1 && ((unsigned char)data[at + n] & 0xc0) == 0x80)
            n--;
        (void)sodium_bin2base64(line, sizeof(line), (const uint8_t *)data + at, n,
                                sodium_base64_VARIANT_ORIGINAL);
        (void)fprintf(out, "%s%s%s", before, line, after);
        at += n;
    }
}

static void put_to(FILE *out, const char *list)
{
    (void)fputs("To: ", out);
    for (const char *at = list + strspn(list, " \t"); *at != '\0';) {
        const size_t len = strcspn(at, " \t");
        const char *next = at + len + strspn(at + len, " \t");
        (void)fprintf(out, "%.*s%s", (int)len, at, *next ? ",\r\n " : "\r\n");
        at = next;
    }
}

static int make_mail(const struct notify_channel *channel, const struct request_message *message,
                     struct request *ret)
{
    char title[NOTIFY_TITLE_MAX], date[64] = "";
    const time_t now = (time_t)(message->now_utc_ms / 1000);
    struct tm utc;
    FILE *out = open_memstream(&ret->body, &ret->len);
    if (out == NULL)
        return -ENOMEM;
    notify_title(message->text, title);
    if (gmtime_r(&now, &utc) != NULL) /* day and month names: the program never sets a locale */
        (void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &utc);
    const char *domain = strchr(channel->from, '@');
    (void)fprintf(out, "Date: %s\r\nFrom: %s\r\n", date, channel->from);
    put_to(out, channel->to);
    (void)fprintf(out, "Message-ID: <%s%s>\r\nSubject:", message->id, domain ? domain : "@localhost");
    put_base64(out, title, strlen(title), " =?UTF-8?B?", 39, "?=\r\n", true);
    (void)fputs("Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
                out);
    put_base64(out, message->text, strlen(message->text), "", MAIL_LINE, "\r\n", false);
    if (fclose(out) == 0)
        return put_url(ret, channel->url);
    return -ENOMEM;
}

int request_make(const struct notify_channel *channel, const struct request_secret *secret,
                 const struct request_message *message, struct request *ret)
{
    struct request request = {.n_headers = 0};
    int err = -EINVAL;
    switch (channel->type) {
    case NOTIFY_WECOM:
        err = make_wecom(secret, message, &request);
        break;
    case NOTIFY_DINGTALK:
        err = make_dingtalk(secret, message, &request);
        break;
    case NOTIFY_FEISHU:
        err = make_feishu(secret, message, &request);
        break;
    case NOTIFY_SMTP:
        err = make_mail(channel, message, &request);
        break;
    case NOTIFY_WEBHOOK:
        err = make_webhook(channel, secret, message, &request);
        break;
    default:
        break;
    }
    if (err == 0)
        *ret = request;
    else
        request_free(&request);
    return err;
}

void request_free(struct request *request)
{
    free(request->body);
    sodium_memzero(request->url, sizeof(request->url)); /* a robot's key */
    request->body = NULL;
}

/* --- notices for programs --- */

json_t *request_notice(const struct store_notice *notice)
{
    static const char *const whats[STORE_NOTICE_WHATS] = {
        NULL, "raised", "graver", "over", "case_opened", "case_assigned", "case_escalated"};
    const bool known = (unsigned)notice->what < STORE_NOTICE_WHATS && whats[notice->what];
    json_t *json = json_object();
    modeljson_put(&json, "notice_id", json_integer(notice->id));
    modeljson_put(&json, "what", known ? json_string(whats[notice->what]) : json_null());
    modeljson_put(&json, "kind", json_string(notify_kind_name(notice->kind)));
    modeljson_put(&json, "severity", json_string(modeljson_severity(notice->severity)));
    modeljson_put(&json, "urgent", json_boolean(notice->urgent));
    modeljson_put(&json, "late", json_boolean(notice->late));
    modeljson_put(&json, "time", modeljson_instant(notice->time_utc_ms));
    modeljson_put(&json, "event",
                  notice->source == STORE_NOTICE_OF_ALERT ? json_integer(notice->source_id) : json_null());
    modeljson_put(&json, "case", notice->case_id ? json_integer(notice->case_id) : json_null());
    modeljson_put(&json, "deadline", modeljson_instant(notice->deadline_utc_ms));
    modeljson_put(&json, "vehicle_id", modeljson_text(notice->vehicle));
    modeljson_put(&json, "plate", modeljson_text(notice->plate));
    modeljson_put(&json, "school", modeljson_text(notice->school));
    modeljson_put(&json, "division", modeljson_text(notice->division));
    modeljson_put(&json, "route", modeljson_text(notice->route));
    modeljson_put(&json, "stop", modeljson_text(notice->stop));
    modeljson_put(&json, "aboard", notice->capacity ? json_integer(notice->aboard) : json_null());
    modeljson_put(&json, "capacity", notice->capacity ? json_integer(notice->capacity) : json_null());
    return json;
}

/* --- answers --- */

/* Bytes of the character that begins there (RFC 3629: no overlong form, no surrogate); 0 = it is none. */
static size_t character_len(const unsigned char *at, size_t left)
{
    const unsigned char c = at[0];
    const size_t n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
    if (n == 0 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    const bool is_wrong = (c == 0xe0 && at[1] < 0xa0) || (c == 0xed && at[1] >= 0xa0) ||
                          (c == 0xf0 && at[1] < 0x90) || (c == 0xf4 && at[1] >= 0x90);
    return is_wrong ? 0 : n;
}

/* One line of UTF-8, cut to what is kept: an answer is somebody else's bytes. */
static void put_words(char ret[STORE_ANSWER_MAX], const char *prefix, const char *data, size_t len)
{
    size_t at = (size_t)snprintf(ret, STORE_ANSWER_MAX, "%s", prefix);
    for (size_t i = 0; i < len && at + 5 < STORE_ANSWER_MAX;) {
        const size_t n = character_len((const unsigned char *)data + i, len - i);
        const bool is_control = n == 1 && ((unsigned char)data[i] < ' ' || data[i] == 0x7f);
        if (n == 0 || is_control) {
            ret[at++] = is_control ? ' ' : '?';
            i++;
            continue;
        }
        memcpy(ret + at, data + i, n);
        at += n;
        i += n;
    }
    ret[at] = '\0';
}

/* Of HTTP: what is wrong with the message itself (RFC 9110, 15.5). 401, 403, 404, 405, 410, 415 are the
 * channel's trouble, as a wrong key is. */
static bool is_content_status(long status)
{
    return status == 400 || status == 413 || status == 422;
}

static void put_status(struct request_verdict *ret, const struct request_answer *answer)
{
    char prefix[64];
    (void)snprintf(prefix, sizeof(prefix), "HTTP %ld%s", answer->status, answer->len > 0 ? ": " : "");
    put_words(ret->words, prefix, answer->body, answer->len);
    ret->for_good = is_content_status(answer->status);
}

/* The vendors' codes for "too often". */
static bool is_too_often(enum notify_type type, json_int_t code)
{
    switch (type) {
    case NOTIFY_WECOM:
        return code == 45009;
    case NOTIFY_DINGTALK:
        return code == 130101 || code == 410100;
    case NOTIFY_FEISHU:
        return code == 11232 || code == 9499;
    default:
        return false;
    }
}

/* The vendors' codes for what is wrong with the message itself: too long, empty, not of this form, words that
 * it may not have or lacks. A wrong key or signature is the channel's trouble, and ends when that is mended.
 */
static bool is_content_error(enum notify_type type, json_int_t code, const char *words)
{
    switch (type) {
    case NOTIFY_WECOM:
        return code == 40008 || code == 40058 || code == 44004 || code == 45002;
    case NOTIFY_DINGTALK:
        return (code >= 430101 && code <= 430104) || (code == 310000 && strstr(words, "keyword") != NULL);
    case NOTIFY_FEISHU:
        return code == 19002 || code == 19024;
    default:
        return false;
    }
}

/* All three say in the JSON of a 200 whether they took it: errcode (WeCom, DingTalk), code (Feishu) is 0. */
static void judge_robot(enum notify_type type, const struct request_answer *answer,
                        struct request_verdict *ret)
{
    const char *code_key = type == NOTIFY_FEISHU ? "code" : "errcode";
    const char *words_key = type == NOTIFY_FEISHU ? "msg" : "errmsg";
    json_t *json = json_loadb(answer->body, answer->len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *code = json_object_get(json, code_key);
    const char *words = json_string_value(json_object_get(json, words_key));
    char prefix[64];
    if (json_is_integer(code)) {
        const json_int_t value = json_integer_value(code);
        ret->taken = value == 0;
        ret->too_often = is_too_often(type, value);
        ret->for_good = is_content_error(type, value, words ? words : "");
        (void)snprintf(prefix, sizeof(prefix), "%s %lld: ", code_key, (long long)value);
        put_words(ret->words, prefix, words ? words : "", words ? strlen(words) : 0);
    } else {
        (void)snprintf(prefix, sizeof(prefix), "HTTP 200, but no answer of such a robot: ");
        put_words(ret->words, prefix, answer->body, answer->len);
    }
    json_decref(json);
}

/* The last line that the server said, without its end; and what went wrong, if something did. Whom it did
 * not take stands first: the mail went to the others. */
static void judge_mail(const struct request_answer *answer, struct request_verdict *ret)
{
    char prefix[192] = "";
    size_t len = answer->len;
    while (len > 0 && (answer->body[len - 1] == '\n' || answer->body[len - 1] == '\r'))
        len--;
    ret->taken = answer->transport[0] == '\0' && answer->status >= 200 && answer->status < 300;
    ret->for_good = !ret->taken && answer->to_content && len > 0 && answer->body[0] == '5';
    if (answer->transport[0] != '\0')
        (void)snprintf(prefix, sizeof(prefix), "%.100s%s", answer->transport, len > 0 ? ": " : "");
    else if (answer->refused != NULL)
        (void)snprintf(prefix, sizeof(prefix), "not taken for %.150s%s", answer->refused,
                       len > 0 ? ": " : "");
    put_words(ret->words, prefix, answer->body, len);
}

void request_judge(enum notify_type type, const struct request_answer *answer, struct request_verdict *ret)
{
    struct request_verdict verdict = {.taken = false};
    if (answer->retry_after_s > 0)
        verdict.retry_after_s = answer->retry_after_s < 86400 ? (unsigned)answer->retry_after_s : 86400;
    if (type == NOTIFY_SMTP) {
        judge_mail(answer, &verdict);
    } else if (answer->transport[0] != '\0') {
        put_words(verdict.words, "", answer->transport, strlen(answer->transport));
    } else if (type == NOTIFY_WEBHOOK) {
        verdict.taken = answer->status >= 200 && answer->status < 300;
        put_status(&verdict, answer);
    } else if (answer->status == 200) {
        judge_robot(type, answer, &verdict);
    } else {
        put_status(&verdict, answer);
    }
    /* DingTalk answers 302 for ten minutes to a robot that sent too often. */
    verdict.too_often =
        verdict.too_often || answer->status == 429 || (type == NOTIFY_DINGTALK && answer->status == 302);
    *ret = verdict;
}
