#include "bureau/notify/send.h"

#include <curl/curl.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECIPIENTS_MAX = SETTINGS_TEXT_MAX / 2 }; /* an address and a space */

struct transfer {
    struct transfer *next;
    int64_t number;
    enum notify_type type;
    CURL *easy;
    struct curl_slist *headers, *recipients;
    struct request request;
    size_t sent; /* of a mail's body */
    size_t n_recipients;
    uint16_t replies[RECIPIENTS_MAX]; /* a mail server's last n_recipients codes before it wanted the mail */
    bool wants_mail;
    size_t len;
    bool too_long;
    char answer[SEND_ANSWER_MAX];
    char error[CURL_ERROR_SIZE];
};

struct send {
    CURLM *multi;
    struct transfer *first;
};

int send_global_init(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -ENOMEM;
}

int send_create(struct send **ret)
{
    struct send *send = calloc(1, sizeof(*send));
    if (send == NULL)
        return -ENOMEM;
    send->multi = curl_multi_init();
    if (send->multi == NULL) {
        free(send);
        return -ENOMEM;
    }
    *ret = send;
    return 0;
}

static void free_transfer(struct transfer *transfer)
{
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    curl_slist_free_all(transfer->recipients);
    request_free(&transfer->request);
    free(transfer);
}

void send_destroy(struct send *send)
{
    if (send == NULL)
        return;
    while (send->first != NULL) {
        struct transfer *transfer = send->first;
        send->first = transfer->next;
        (void)curl_multi_remove_handle(send->multi, transfer->easy);
        free_transfer(transfer);
    }
    (void)curl_multi_cleanup(send->multi);
    free(send);
}

/* --- what libcurl calls --- */

static size_t take_answer(char *data, size_t size, size_t n, void *context)
{
    struct transfer *transfer = context;
    const size_t len = size * n;
    if (len > sizeof(transfer->answer) - transfer->len) {
        transfer->too_long = true;
        return 0; /* libcurl ends it */
    }
    memcpy(transfer->answer + transfer->len, data, len);
    transfer->len += len;
    return len;
}

/* The server answers commands in order, and just before 354 each recipient had its own (RFC 5321, 3.3). */
static void note_reply(struct transfer *transfer, const char *line, size_t len)
{
    uint16_t code = 0;
    if (len < 3 || (len > 3 && line[3] == '-') || transfer->wants_mail)
        return;
    for (size_t i = 0; i < 3; i++)
        code = (uint16_t)(code * 10 + (uint16_t)((line[i] - '0') & 0xf));
    transfer->wants_mail = code == 354;
    if (transfer->wants_mail || transfer->n_recipients == 0)
        return;
    memmove(transfer->replies, transfer->replies + 1,
            (transfer->n_recipients - 1) * sizeof(transfer->replies[0]));
    transfer->replies[transfer->n_recipients - 1] = code;
}

/* What a mail server says: the last line stays, but for its goodbye. */
static size_t take_reply(char *data, size_t size, size_t n, void *context)
{
    struct transfer *transfer = context;
    const size_t len = size * n;
    if (len >= 3 && memcmp(data, "221", 3) == 0)
        return len;
    note_reply(transfer, data, len);
    transfer->len = len < sizeof(transfer->answer) ? len : sizeof(transfer->answer);
    memcpy(transfer->answer, data, transfer->len);
    return len;
}

static size_t give_mail(char *target, size_t size, size_t n, void *context)
{
    struct transfer *transfer = context;
    const size_t left = transfer->request.len - transfer->sent, room = size * n;
    const size_t len = left < room ? left : room;
    memcpy(target, transfer->request.body + transfer->sent, len);
    transfer->sent += len;
    return len;
}

/* --- beginning --- */

/* False: out of memory. */
static bool append(struct curl_slist **list, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*list, text);
    if (longer != NULL)
        *list = longer;
    return longer != NULL;
}

static bool set_http(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    bool ok = true;
    for (size_t i = 0; i < transfer->request.n_headers; i++)
        ok = ok && append(&transfer->headers, transfer->request.headers[i]);
    ok = ok && append(&transfer->headers, "Expect:"); /* bodies are small: no question before them */
    return ok && curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)transfer->request.len) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->request.body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
}

static bool set_mail(struct transfer *transfer, const struct notify_channel *channel,
                     const struct request_secret *secret)
{
    CURL *easy = transfer->easy;
    char word[SETTINGS_TEXT_MAX];
    bool ok = true;
    for (const char *at = channel->to + strspn(channel->to, " \t"); *at != '\0' && ok;) {
        const size_t len = strcspn(at, " \t");
        memcpy(word, at, len);
        word[len] = '\0';
        ok = append(&transfer->recipients, word);
        transfer->n_recipients++;
        at += len + strspn(at + len, " \t");
    }
    if (ok && channel->user[0] != '\0')
        ok = curl_easy_setopt(easy, CURLOPT_USERNAME, channel->user) == CURLE_OK &&
             curl_easy_setopt(easy, CURLOPT_PASSWORD, secret->secret) == CURLE_OK;
    return ok && curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_MAIL_FROM, channel->from) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, transfer->recipients) == CURLE_OK &&
           /* One mailbox that is gone does not keep it from the others. Later called ..._ALLOWFAILS. */
           curl_easy_setopt(easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_reply) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_mail) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_READDATA, transfer) == CURLE_OK;
}

static bool set_common(struct transfer *transfer, const struct notify_channel *channel)
{
    CURL *easy = transfer->easy;
    bool ok = curl_easy_setopt(easy, CURLOPT_URL, transfer->request.url) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
              /* A resolver that does not answer is left alone: its end is not waited for. */
              curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)channel->timeout_s) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_USERAGENT, "buswarden-bureau/" BUSWARDEN_VERSION) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK;
    if (ok && channel->ca[0] != '\0') /* instead of the system's, and not besides */
        ok = curl_easy_setopt(easy, CURLOPT_CAINFO, channel->ca) == CURLE_OK &&
             curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK;
    return ok;
}

int send_begin(struct send *send, const struct notify_channel *channel, const struct request_secret *secret,
               int64_t number, struct request *request)
{
    struct transfer *transfer = calloc(1, sizeof(*transfer));
    if (transfer == NULL) {
        request_free(request);
        return -ENOMEM;
    }
    transfer->request = *request;
    *request = (struct request){.body = NULL};
    transfer->number = number;
    transfer->type = channel->type;
    transfer->easy = curl_easy_init();
    bool ok = transfer->easy != NULL && set_common(transfer, channel);
    if (ok)
        ok = channel->type == NOTIFY_SMTP ? set_mail(transfer, channel, secret) : set_http(transfer);
    if (!ok || curl_multi_add_handle(send->multi, transfer->easy) != CURLM_OK) {
        free_transfer(transfer);
        return -ENOMEM;
    }
    transfer->next = send->first;
    send->first = transfer;
    return 0;
}

bool send_is_under_way(const struct send *send, int64_t number)
{
    for (const struct transfer *at = send->first; at != NULL; at = at->next)
        if (at->number == number)
            return true;
    return false;
}

size_t send_under_way(const struct send *send)
{
    size_t n = 0;
    for (const struct transfer *at = send->first; at != NULL; at = at->next)
        n++;
    return n;
}

/* --- ending --- */

/* "a@example.cn (550) b@example.cn (450)"; "" = each was taken, or it did not come so far. */
static void name_refused(const struct transfer *transfer, char ret[STORE_ANSWER_MAX])
{
    const struct curl_slist *recipient = transfer->recipients;
    size_t at = 0;
    ret[0] = '\0';
    for (size_t i = 0; transfer->wants_mail && recipient != NULL; i++, recipient = recipient->next)
        if (transfer->replies[i] >= 400 && at < STORE_ANSWER_MAX)
            at += (size_t)snprintf(ret + at, STORE_ANSWER_MAX - at, "%s%s (%u)", at > 0 ? " " : "",
                                   recipient->data, transfer->replies[i]);
}

static void judge(struct transfer *transfer, CURLcode code, struct request_verdict *ret)
{
    char refused[STORE_ANSWER_MAX];
    name_refused(transfer, refused);
    struct request_answer answer = {.body = transfer->answer,
                                    .len = transfer->len,
                                    .transport = "",
                                    .refused = refused[0] != '\0' ? refused : NULL,
                                    .to_content = transfer->wants_mail};
    curl_off_t retry_after_s = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &answer.status);
    if (transfer->type != NOTIFY_SMTP &&
        curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &retry_after_s) == CURLE_OK)
        answer.retry_after_s = (long)retry_after_s;
    if (transfer->too_long)
        answer.transport = "the answer is longer than any answer of such a server";
    else if (code != CURLE_OK)
        answer.transport = transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(code);
    request_judge(transfer->type, &answer, ret);
}

static void take_out(struct send *send, const struct transfer *transfer)
{
    struct transfer **at = &send->first;
    while (*at != NULL && *at != transfer)
        at = &(*at)->next;
    if (*at != NULL)
        *at = transfer->next;
}

void send_turn(struct send *send, int wait_ms, send_done_fn done, void *context)
{
    int running, left;
    CURLMsg *message;
    (void)curl_multi_perform(send->multi, &running);
    (void)curl_multi_poll(send->multi, NULL, 0, wait_ms, NULL);
    (void)curl_multi_perform(send->multi, &running);
    while ((message = curl_multi_info_read(send->multi, &left)) != NULL) {
        struct transfer *transfer = NULL;
        struct request_verdict verdict;
        if (message->msg != CURLMSG_DONE)
            continue;
        const CURLcode code = message->data.result; /* `message` dies with its handle */
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        (void)curl_multi_remove_handle(send->multi, transfer->easy);
        judge(transfer, code, &verdict);
        take_out(send, transfer);
        done(context, transfer->number, &verdict);
        free_transfer(transfer);
    }
}

void send_wake(struct send *send)
{
    (void)curl_multi_wakeup(send->multi);
}
