#include "gateway/source/modbusline.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { UNIT_SERIAL_MAX = 247, UNIT_TCP_MAX = 255, PORT_MAX = 65535 };

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Digits, at most six, and *text behind them. -1: none. */
static int digits(const char **text)
{
    int value = 0;
    const char *at = *text;
    while (*at >= '0' && *at <= '9' && at - *text < 6)
        value = value * 10 + (*at++ - '0');
    if (at == *text || (*at >= '0' && *at <= '9'))
        return -1;
    *text = at;
    return value;
}

static const char *parse_unit(const char *at, struct modbus_link *link)
{
    static const char fault[] = "does not end with \"unit N\", N from 1 to 247 (tcp: 0 to 255)";
    static const char word[] = "unit";
    at += strspn(at, " \t");
    if (strncmp(at, word, sizeof word - 1) != 0 || !blank(at[sizeof word - 1]))
        return fault;
    at += sizeof word;
    at += strspn(at, " \t");
    link->unit = digits(&at);
    const bool possible = link->tcp ? link->unit >= 0 && link->unit <= UNIT_TCP_MAX
                                    : link->unit >= 1 && link->unit <= UNIT_SERIAL_MAX;
    return possible && *at == '\0' ? NULL : fault;
}

/* "9600 8N1" */
static const char *parse_serial(const char *at, struct modbus_link *link)
{
    static const int bauds[] = {1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200};
    static const char fault[] = "not rtu:TTY BAUD FORMAT unit N, such as rtu:/dev/ttyUSB0 9600 8N1 unit 1";
    at += strspn(at, " \t");
    link->baud = digits(&at);
    size_t i = 0;
    while (i < sizeof bauds / sizeof bauds[0] && bauds[i] != link->baud)
        i++;
    if (i == sizeof bauds / sizeof bauds[0])
        return "its bit rate is none of 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200";
    at += strspn(at, " \t");
    if ((at[0] != '7' && at[0] != '8') || (at[1] != 'N' && at[1] != 'E' && at[1] != 'O') ||
        (at[2] != '1' && at[2] != '2') || !blank(at[3]))
        return fault;
    link->data_bits = at[0] - '0';
    link->parity = at[1];
    link->stop_bits = at[2] - '0';
    return parse_unit(at + 3, link);
}

static const char *parse_network(const char *at, struct modbus_link *link)
{
    static const char fault[] = "not tcp:ADDRESS:PORT unit N, such as tcp:192.168.1.5:502 unit 1";
    char *colon = strchr(link->device, ':');
    if (colon == NULL)
        return fault;
    *colon = '\0';
    const char *port = colon + 1;
    struct in_addr address;
    if (inet_pton(AF_INET, link->device, &address) != 1)
        return "tcp: not an IPv4 address, such as 192.168.1.5";
    link->port = digits(&port);
    if (link->port < 1 || link->port > PORT_MAX || *port != '\0')
        return fault;
    return parse_unit(at, link);
}

const char *modbus_link_parse(const char *text, struct modbus_link *ret)
{
    static const char rtu[] = "rtu:", tcp[] = "tcp:";
    struct modbus_link link = {.tcp = strncmp(text, tcp, sizeof tcp - 1) == 0};
    if (!link.tcp && strncmp(text, rtu, sizeof rtu - 1) != 0)
        return "begins with neither rtu: nor tcp:";
    text += sizeof rtu - 1;
    const size_t n = strcspn(text, " \t");
    if (n == 0 || n >= sizeof link.device)
        return "the name of its device is empty or too long";
    memcpy(link.device, text, n);
    const char *fault = link.tcp ? parse_network(text + n, &link) : parse_serial(text + n, &link);
    if (fault == NULL)
        *ret = link;
    return fault;
}

modbus_t *modbusline_create(const struct modbus_link *link, unsigned timeout_ms)
{
    modbus_t *line =
        link->tcp ? modbus_new_tcp(link->device, link->port)
                  : modbus_new_rtu(link->device, link->baud, link->parity, link->data_bits, link->stop_bits);
    if (line == NULL)
        return NULL;
    /* Without a timeout of its own for each byte, the one for the answer is for the whole of it: a slave that
     * dribbles holds nobody up. */
    if (modbus_set_slave(line, link->unit) != 0 ||
        modbus_set_error_recovery(line, MODBUS_ERROR_RECOVERY_NONE) != 0 ||
        modbus_set_response_timeout(line, timeout_ms / 1000, timeout_ms % 1000 * 1000) != 0 ||
        modbus_set_byte_timeout(line, 0, 0) != 0) {
        const int error = errno;
        modbus_free(line);
        errno = error;
        return NULL;
    }
    return line;
}

static int read_bits(modbus_t *line, const struct register_block *block,
                     uint16_t ret_words[REGISTER_BLOCK_MAX])
{
    uint8_t bits[REGISTER_BLOCK_MAX];
    const int n = (int)block->n;
    const int got = block->kind == REGISTER_COIL ? modbus_read_bits(line, block->address, n, bits)
                                                 : modbus_read_input_bits(line, block->address, n, bits);
    for (int i = 0; i < got && i < n; i++)
        ret_words[i] = bits[i];
    return got;
}

int modbusline_read(modbus_t *line, const struct register_block *block,
                    uint16_t ret_words[REGISTER_BLOCK_MAX])
{
    const int n = (int)block->n;
    int got;
    if (block->kind == REGISTER_COIL || block->kind == REGISTER_DISCRETE)
        got = read_bits(line, block, ret_words);
    else if (block->kind == REGISTER_HOLDING)
        got = modbus_read_registers(line, block->address, n, ret_words);
    else
        got = modbus_read_input_registers(line, block->address, n, ret_words);
    if (got == n)
        return 0;
    return got < 0 && errno > 0 ? -errno : -EMBBADDATA;
}

const struct modbusline_fault *modbusline_fault(int error)
{
    static const struct {
        int error;
        struct modbusline_fault fault;
    } rows[] = {
        {ETIMEDOUT,
         {"no_answer", "the slave does not answer in time; check power, wires, bit rate and unit"}},
        {EMBBADCRC, {"checksum", "an answer with a wrong checksum; check wires, termination and bit rate"}},
        {EMBBADSLAVE, {"wrong_unit", "another unit than the one that was asked has answered"}},
        {EMBXILFUN, {"exception", "the slave refuses: it has no registers of that kind (illegal function)"}},
        {EMBXILADD, {"exception", "the slave refuses: it has no such register (illegal address)"}},
        {EMBXILVAL, {"exception", "the slave refuses: not so many registers at a time (illegal value)"}},
        {EMBXSFAIL, {"exception", "the slave refuses: it has failed"}},
        {EMBXSBUSY, {"exception", "the slave refuses: it is busy"}},
        {EMBXGPATH, {"exception", "the gateway has no way to the unit"}},
        {EMBXGTAR, {"exception", "the gateway gets no answer from the unit"}},
        {EMBXACK, {"exception", "the slave refuses: it needs longer"}},
        {EMBXNACK, {"exception", "the slave refuses: it cannot"}},
        {EMBXMEMPAR, {"exception", "the slave refuses: its memory has failed"}},
    };
    static const struct modbusline_fault other = {"bad_answer", "an answer that is none to what was asked"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].error == -error)
            return &rows[i].fault;
    return -error >= MODBUS_ENOBASE ? &other : NULL;
}
