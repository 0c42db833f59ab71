#include "bureau/sightings/verdict.h"

#include "bureau/registry/plate.h"

static const struct {
    const char *name, *en, *zh;
} WORDS[] = {
    [0] = {"", "", ""},
    [SIGHTING_UNREAD] = {"unread", "The plate was not read: nobody can say.", "号牌未看清，无法判定。"},
    [SIGHTING_LICENSED] = {"licensed", "Licensed: it may carry pupils now.",
                           "有校车使用许可，此时可以载学生。"},
    [SIGHTING_WRONG_HOUR] = {"wrong_hour", "Licensed, but not at this hour or on this weekday.",
                             "有校车使用许可，但不在许可时段内。"},
    [SIGHTING_EXPIRED] = {"expired", "No permit is valid today: it must not carry pupils.",
                          "许可不在有效期内，不得载学生。"},
    [SIGHTING_SUSPENDED] = {"suspended", "The permit is suspended or revoked: it must not carry pupils.",
                            "许可已暂停或吊销，不得载学生。"},
    [SIGHTING_NO_PERMIT] = {"no_permit",
                            "Registered without a permit, overdue or scrapped: it must not carry pupils.",
                            "已登记但无许可、逾期未检验或已报废，不得载学生。"},
    [SIGHTING_UNKNOWN] = {"unknown", "Not a school vehicle of this bureau: it must not carry pupils as one.",
                          "不是本局登记的校车，不得作为校车载学生。"},
};
enum { VERDICTS = sizeof(WORDS) / sizeof(WORDS[0]) };

static unsigned known(enum sighting_verdict verdict)
{
    return (unsigned)verdict < VERDICTS ? (unsigned)verdict : 0;
}

enum sighting_verdict verdict_of(const struct registry *registry, const char *plate, int64_t seen_utc_ms,
                                 struct registry_answer *ret)
{
    static const enum sighting_verdict verdicts[] = {
        [REGISTRY_UNKNOWN] = SIGHTING_UNKNOWN,     [REGISTRY_LICENSED] = SIGHTING_LICENSED,
        [REGISTRY_EXPIRED] = SIGHTING_EXPIRED,     [REGISTRY_SUSPENDED] = SIGHTING_SUSPENDED,
        [REGISTRY_NO_PERMIT] = SIGHTING_NO_PERMIT,
    };
    *ret = (struct registry_answer){.verdict = REGISTRY_UNKNOWN};
    if (*plate == '\0' || plate_is_partial(plate))
        return SIGHTING_UNREAD;
    registry_check_plate(registry, plate, seen_utc_ms, ret);
    return ret->verdict == REGISTRY_LICENSED && !ret->in_window ? SIGHTING_WRONG_HOUR
                                                                : verdicts[ret->verdict];
}

bool verdict_accuses(enum sighting_verdict verdict)
{
    return verdict >= SIGHTING_EXPIRED;
}

const char *verdict_name(enum sighting_verdict verdict)
{
    return WORDS[known(verdict)].name;
}

const char *verdict_words_en(enum sighting_verdict verdict)
{
    return WORDS[known(verdict)].en;
}

const char *verdict_words_zh(enum sighting_verdict verdict)
{
    return WORDS[known(verdict)].zh;
}
