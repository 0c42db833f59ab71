#include "gateway/commission.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/faults.h"
#include "gateway/statustext.h"
#include "gateway/walkwords.h"
#include "proto/modeljson.h"
#include "proto/utc.h"

static const char format[] = "buswarden-commissioning-1";

enum { SIGNATURE_HEX_LEN = 2 * BW_SIGNATURE_LEN };

static const char *text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text != NULL ? text : "";
}

static json_int_t integer_of(const json_t *json, const char *key)
{
    return json_integer_value(json_object_get(json, key));
}

/* --- making --- */

static json_t *or_null(const char *text)
{
    return text[0] != '\0' ? modeljson_text(text) : json_null();
}

static json_t *item_json(const struct walk_item *item)
{
    const bool by_hand = item->kind >= WALK_DOOR && item->result == WALK_FAILED;
    json_t *reacted = json_array();
    for (size_t i = 0; i < item->n_reacted; i++)
        (void)json_array_append_new(reacted, json_string(item->reacted[i]));
    return json_pack("{s:s, s:o, s:b, s:s, s:o, s:o, s:o, s:o, s:i, s:I}", "item",
                     walk_words_kind(item->kind)->code, "place", or_null(item->place), "belt",
                     item->belt[0] != '\0', "result", walk_words_result(item->result)->code, "reason",
                     or_null(walk_words_reason(item->reason)->code), "fault", or_null(item->fault), "step",
                     by_hand ? json_string(walk_words_step(item->step)->code) : json_null(), "reacted",
                     reacted, "repeats", (int)item->repeats, "took_ms", (json_int_t)item->took_ms);
}

json_t *commission_record(const struct commission *commission, const struct walk *walk)
{
    const json_t *status = commission->status;
    const json_t *licence = json_object_get(status, "licence");
    const json_t *process = json_object_get(status, "process");
    size_t count[WALK_RESULTS] = {0};
    json_t *items = json_array();
    for (size_t i = 0; i < walk_count(walk); i++) {
        const struct walk_item *item = walk_item(walk, i);
        count[item->result]++;
        (void)json_array_append_new(items, item_json(item));
    }
    const char *result = count[WALK_FAILED] > 0 ? "failed" : count[WALK_SKIPPED] > 0 ? "incomplete" : "ok";
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:O, s:i, s:O, s:s, s:I, s:I, s:I, s:o, s:O}",
        "format", format, "vehicle", text_of(status, "vehicle"), "division", text_of(status, "division"),
        "plate", text_of(licence, "plate"), "licence_version", integer_of(licence, "version"), "fitter",
        commission->fitter, "software", text_of(status, "software"), "build", text_of(status, "build"),
        "config_hash", text_of(process, "config_hash"), "dbc_hash", text_of(process, "dbc_hash"), "begun_at",
        json_object_get(json_object_get(status, "clock"), "utc"), "utc_offset_min",
        (int)integer_of(json_object_get(status, "clock"), "utc_offset_min"), "ended_at", commission->ended_at,
        "result", result, "ok", (json_int_t)count[WALK_OK], "failed", (json_int_t)count[WALK_FAILED],
        "skipped", (json_int_t)count[WALK_SKIPPED], "items", items, "alerts", commission->alerts);
}

/* --- signing --- */

int commission_sign(const json_t *record, const struct seal_key *key, char **ret)
{
    char signature[SIGNATURE_HEX_LEN + 1], public_key[2 * BW_PUBLIC_KEY_LEN + 1];
    char *line = json_dumps(record, MODELJSON_FLAGS);
    if (line == NULL)
        return -ENOMEM;
    struct wire_sealed sealed = {.payload = {.data = (uint8_t *)line, .len = strlen(line)}};
    seal_payload_sign(&sealed, SEAL_COMMISSION, text_of(record, "division"), text_of(record, "vehicle"), key);
    seal_hex_format(sealed.signature, BW_SIGNATURE_LEN, signature);
    seal_public_format(key->public_key, public_key);
    static const char second[] = "\n{\"public_key\":\"%s\",\"signature\":\"%s\"}\n";
    const size_t size = strlen(line) + sizeof second + sizeof public_key + sizeof signature;
    char *text = malloc(size);
    if (text != NULL)
        (void)snprintf(text, size, "%s\n{\"public_key\":\"%s\",\"signature\":\"%s\"}\n", line, public_key,
                       signature);
    free(line);
    if (text == NULL)
        return -ENOMEM;
    *ret = text;
    return 0;
}

int commission_verify(const char *text, size_t len, const uint8_t public_key[BW_PUBLIC_KEY_LEN],
                      json_t **ret_record)
{
    const char *end = memchr(text, '\n', len);
    json_t *record = end != NULL ? json_loadb(text, (size_t)(end - text), 0, NULL) : NULL;
    json_t *seal = end != NULL ? json_loadb(end + 1, len - (size_t)(end - text) - 1, 0, NULL) : NULL;
    struct wire_sealed sealed = {.is_signed = true};
    int error = strcmp(text_of(record, "format"), format) == 0 &&
                        seal_hex_parse(text_of(seal, "signature"), sealed.signature, BW_SIGNATURE_LEN) == 0
                    ? 0
                    : -EBADMSG;
    uint8_t *copy = error == 0 ? malloc((size_t)(end - text)) : NULL; /* wire_bytes are not const */
    if (error == 0 && copy == NULL)
        error = -ENOMEM;
    if (error == 0 && public_key != NULL) {
        memcpy(copy, text, (size_t)(end - text));
        sealed.payload = (struct wire_bytes){.data = copy, .len = (size_t)(end - text)};
        if (!seal_payload_verify(&sealed, SEAL_COMMISSION, text_of(record, "division"),
                                 text_of(record, "vehicle"), public_key))
            error = -EKEYREJECTED;
    }
    free(copy);
    json_decref(seal);
    if (error == 0)
        *ret_record = record;
    else
        json_decref(record);
    return error;
}

/* --- paper --- */

#define SAY(en, zh) (language == WORDS_ZH ? (zh) : (en))

static void put(const char *label, const char *value, FILE *out)
{
    char head[64];
    const size_t columns = status_columns(label);
    (void)snprintf(head, sizeof head, "%s%*s", label, columns < 12 ? (int)(12 - columns) : 1, "");
    status_print_text(head, value[0] != '\0' ? value : "-", out);
}

static void local_time(const json_t *record, const char *key, char ret[UTC_TEXT_LEN])
{
    int64_t utc_ms;
    ret[0] = '\0';
    if (utc_parse(text_of(record, key), &utc_ms) != 0)
        return;
    utc_format(utc_ms + integer_of(record, "utc_offset_min") * INT64_C(60000), ret);
    if (strlen(ret) < 19)
        return;
    ret[10] = ' ';
    ret[19] = '\0';
}

static void put_head(const json_t *record, enum words_language language, FILE *out)
{
    char text[256], begun[UTC_TEXT_LEN], ended[UTC_TEXT_LEN];
    local_time(record, "begun_at", begun);
    local_time(record, "ended_at", ended);
    (void)fprintf(out, "%s\n\n", SAY("COMMISSIONING RECORD", "安装验收记录"));
    (void)snprintf(text, sizeof text, "%s (%s)", text_of(record, "vehicle"), text_of(record, "division"));
    put(SAY("vehicle", "车辆"), text, out);
    put(SAY("plate", "号牌"), text_of(record, "plate"), out);
    put(SAY("fitter", "安装人员"), text_of(record, "fitter"), out);
    (void)snprintf(text, sizeof text, SAY("%s to %s", "%s 至 %s"), begun,
                   ended + (ended[0] != '\0' ? 11 : 0));
    put(SAY("time", "时间"), text, out);
    (void)snprintf(text, sizeof text, "%s (%s)", text_of(record, "software"), text_of(record, "build"));
    put(SAY("software", "软件"), text, out);
    put(SAY("config", "配置文件"), text_of(record, "config_hash"), out);
    put(SAY("DBC file", "DBC 文件"), text_of(record, "dbc_hash"), out);
    (void)snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, integer_of(record, "licence_version"));
    put(SAY("licence", "许可包"), text, out);
    (void)fputc('\n', out);
}

/* Why it is not in order: the fault in words, or the step, and what reacted. */
static void remark(const json_t *item, enum words_language language, char *ret, size_t size)
{
    const char *reason = text_of(item, "reason"), *step = text_of(item, "step");
    const struct fault_words *fault = fault_by_code(text_of(item, "fault"));
    size_t i, len = 0;
    const json_t *place;
    char words[WORDS_PLACE_LEN];
    if (strcmp(reason, "fault") == 0)
        len =
            (size_t)snprintf(ret, size, "%s", fault != NULL ? fault->what[language] : text_of(item, "fault"));
    else
        len = (size_t)snprintf(ret, size, "%s%s%s", step[0] != '\0' ? walk_say_step(language, step) : "",
                               step[0] != '\0' ? SAY(": ", "：") : "", walk_say_reason(language, reason));
    json_array_foreach(json_object_get(item, "reacted"), i, place)
    {
        if (len < size)
            len += (size_t)snprintf(ret + len, size - len, "%s%s", i > 0 ? SAY(", ", "、") : SAY(": ", "："),
                                    words_place(language, json_string_value(place), words));
    }
}

static void put_item(size_t number, const json_t *item, enum words_language language, FILE *out)
{
    char name[WORDS_PLACE_LEN], what[WORDS_PLACE_LEN + 32], text[512];
    const char *place = text_of(item, "place"), *result = walk_say_result(language, text_of(item, "result"));
    (void)snprintf(what, sizeof what, "%s%s",
                   place[0] != '\0' && strcmp(text_of(item, "item"), "wheel") != 0
                       ? words_place(language, place, name)
                       : walk_say_kind(language, text_of(item, "item")),
                   json_is_true(json_object_get(item, "belt")) ? SAY(", belt", "、安全带") : "");
    const size_t columns = status_columns(what), result_columns = status_columns(result);
    remark(item, language, text, sizeof text);
    (void)fprintf(out, "%4zu  %s%*s%s%*s%4lld %s\n", number, what, columns < 44 ? (int)(44 - columns) : 1, "",
                  result, result_columns < 10 ? (int)(10 - result_columns) : 1, "",
                  (long long)(integer_of(item, "took_ms") + 500) / 1000, SAY("s", "秒"));
    if (text[0] != '\0')
        status_print_text("      - ", text, out);
}

static void put_alerts(const json_t *record, enum words_language language, FILE *out)
{
    size_t i;
    const json_t *alert;
    json_array_foreach(json_object_get(record, "alerts"), i, alert)
    {
        char text[256];
        (void)snprintf(text, sizeof text, "%lld: %s", (long long)integer_of(alert, "number"),
                       status_kind(language, text_of(alert, "kind")));
        put(i == 0 ? SAY("alerts", "预警") : "", text, out);
    }
    if (i > 0)
        put("",
            SAY("raised while this was tested, and sent: close them with this record.",
                "测试期间产生并已上报；请凭本记录处理。"),
            out);
}

void commission_print(const json_t *record, const char *signature, enum words_language language, FILE *out)
{
    size_t i;
    const json_t *item;
    char text[256];
    put_head(record, language, out);
    json_array_foreach(json_object_get(record, "items"), i, item) put_item(i + 1, item, language, out);
    const char *result = text_of(record, "result");
    (void)snprintf(text, sizeof text,
                   SAY("%s: %lld ok, %lld failed, %lld skipped", "%s：合格 %lld，不合格 %lld，跳过 %lld"),
                   strcmp(result, "ok") == 0       ? SAY("PASSED", "通过")
                   : strcmp(result, "failed") == 0 ? SAY("NOT PASSED", "未通过")
                                                   : SAY("INCOMPLETE", "未完成"),
                   (long long)integer_of(record, "ok"), (long long)integer_of(record, "failed"),
                   (long long)integer_of(record, "skipped"));
    (void)fputc('\n', out);
    put(SAY("result", "结论"), text, out);
    put_alerts(record, language, out);
    if (signature != NULL)
        put(SAY("signature", "签名"), signature, out);
    (void)fprintf(out, "\n%s\n",
                  SAY("Fitter: ____________________   Operator: ____________________",
                      "安装人员：____________________   运营单位：____________________"));
}
