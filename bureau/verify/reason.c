#include "bureau/verify/verify.h"

static const struct {
    const char *name, *en, *zh;
} reasons[VERIFY_REASONS] = {
    [VERIFY_MISSING] = {"missing", "no such record, and no gap record stands for it",
                        "记录缺失，也没有缺口记录说明"},
    [VERIFY_NOT_HELD] = {"not_held", "never taken in here; the audit log says so",
                         "本库从未收到，审计日志已载明"},
    [VERIFY_PURGED] = {"purged", "deleted by retention, which left its mark", "已按保存期限删除，并留有标记"},
    [VERIFY_UNREADABLE] = {"unreadable", "the stored bytes are no record", "存储的字节不是记录"},
    [VERIFY_MISPLACED] = {"misplaced", "signed for another stream, class or number than it is stored under",
                          "签名的流、类别或序号与存放位置不符"},
    [VERIFY_FOREIGN] = {"foreign", "a record of another vehicle", "属于另一车辆的记录"},
    [VERIFY_BAD_SIGNATURE] = {"bad_signature", "altered, or signed by no key known here",
                              "内容被改动，或签名密钥从未登记"},
    [VERIFY_WRONG_KEY] = {"wrong_key", "signed by a key of this vehicle that does not sign here",
                          "由本车辆在此处无效的密钥签名"},
    [VERIFY_BROKEN_CHAIN] = {"broken_chain", "not sealed after the record before it", "与前一条记录不相衔接"},
    [VERIFY_SIGNER] = {"signer", "the store's row of whose key signs from here on is wrong",
                       "存储中关于此处起由何密钥签名的条目有误"},
    [VERIFY_CHAIN] = {"chain", "the store's row of how far the chain goes is wrong",
                      "存储中关于链末端的条目有误"},
    [VERIFY_RECEIPTED] = {"receipted", "the vehicle says that it holds receipts for these; they are not held",
                          "车辆称已得到回执，但库中没有"},
    [VERIFY_NO_ALERT] = {"no_alert", "the alert that this record tells of is not shown",
                         "记录所述的预警没有相应条目"},
    [VERIFY_ALERT] = {"alert", "the alert row says other than the record", "预警条目与记录不一致"},
    [VERIFY_STRAY_ALERT] = {"stray_alert", "an alert row without a record", "预警条目没有相应记录"},
    [VERIFY_NO_TRIP] = {"no_trip", "the trip that this record tells of is not shown",
                        "记录所述的行程没有相应条目"},
    [VERIFY_TRIP] = {"trip", "the trip row says other than the record", "行程条目与记录不一致"},
    [VERIFY_STRAY_TRIP] = {"stray_trip", "a trip row without a record", "行程条目没有相应记录"},
    [VERIFY_HEAD_GONE] = {"head_gone", "was held when the list of heads was made, and is not now",
                          "制作链首清单时存在，现已不在"},
    [VERIFY_HEAD_OTHER] = {"head_other", "another record than when the list of heads was made",
                           "与制作链首清单时不是同一记录"},
};

const char *verify_reason_name(enum verify_reason reason)
{
    return reasons[reason].name;
}

const char *verify_reason_words(enum verify_reason reason, bool zh)
{
    return zh ? reasons[reason].zh : reasons[reason].en;
}
