/* Which register is which signal, and which are read together; what a Modbus slave is called. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "gateway/source/modbus.h"

Test(registers, a_line_names_kind_address_and_bits)
{
    static const struct {
        const char *text;
        struct register_signal expected;
    } rows[] = {
        {"coil 3", {.kind = REGISTER_COIL, .address = 3, .length_bits = 1, .scale = 1}},
        {"discrete 65535", {.kind = REGISTER_DISCRETE, .address = 65535, .length_bits = 1, .scale = 1}},
        {"holding 7 scale 0.1", {.kind = REGISTER_HOLDING, .address = 7, .length_bits = 16, .scale = 0.1}},
        {"input\t4   bits 0..2 ", {.kind = REGISTER_INPUT, .address = 4, .length_bits = 3, .scale = 1}},
        {"input 4 bit 15",
         {.kind = REGISTER_INPUT, .address = 4, .first_bit = 15, .length_bits = 1, .scale = 1}},
        {"holding 0 bits 4..11 signed scale -2 offset -40",
         {.kind = REGISTER_HOLDING,
          .first_bit = 4,
          .length_bits = 8,
          .is_signed = true,
          .scale = -2,
          .offset = -40}},
        {"holding 0 offset 1e3", {.kind = REGISTER_HOLDING, .length_bits = 16, .scale = 1, .offset = 1000}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct register_signal got = {.name = "A"};
        const struct register_signal *expected = &rows[i].expected;
        const char *fault = registers_parse(rows[i].text, &got);
        cr_assert_null(fault, "%s: %s", rows[i].text, fault);
        cr_expect_str_eq(got.name, "A");
        cr_expect(got.kind == expected->kind && got.address == expected->address &&
                      got.first_bit == expected->first_bit && got.length_bits == expected->length_bits &&
                      got.is_signed == expected->is_signed,
                  "%s", rows[i].text);
        cr_expect(got.scale == expected->scale && got.offset == expected->offset, "%s", rows[i].text);
    }
}

Test(registers, a_register_is_printed_as_the_line_that_gives_it)
{
    static const char *const lines[] = {"coil 3",
                                        "discrete 65535",
                                        "holding 7 scale 0.1",
                                        "input 4",
                                        "input 4 bit 15",
                                        "input 4 bits 0..2",
                                        "holding 0 bits 4..11 signed scale -2 offset -40",
                                        "holding 0 signed offset 1000"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct register_signal signal = {.name = "A"};
        char printed[80], cut[5];
        cr_assert_null(registers_parse(lines[i], &signal));
        registers_print(&signal, printed, sizeof printed);
        cr_expect_str_eq(printed, lines[i]);
        registers_print(&signal, cut, sizeof cut);
        cr_expect_eq(strlen(cut), 4);
    }
}

Test(registers, what_is_wrong_with_a_line_is_said)
{
    static const struct {
        const char *text, *fault;
    } rows[] = {
        {"", "not coil, discrete, holding or input and an address"},
        {"register 3", "not coil, discrete, holding or input and an address"},
        {"coils 3", "not coil, discrete, holding or input and an address"},
        {"coil", "its address is not a number from 0 to 65535"},
        {"coil -1", "its address is not a number from 0 to 65535"},
        {"coil 65536", "its address is not a number from 0 to 65535"},
        {"coil 99999999999999999999999", "its address is not a number from 0 to 65535"},
        {"coil 3 bit 0", "a coil or discrete input is one bit: nothing may follow its address"},
        {"coil 3x", "a coil or discrete input is one bit: nothing may follow its address"},
        {"holding 3x", "what follows is not bit, bits, signed, scale, offset, in this order"},
        {"holding 3 scale 1 bit 2", "what follows is not bit, bits, signed, scale, offset, in this order"},
        {"holding 3 bit 16", "bit: not a number from 0 to 15"},
        {"holding 3 bits 2", "bits: not FIRST..LAST with numbers from 0 to 15"},
        {"holding 3 bits 3..2", "bits: not FIRST..LAST with numbers from 0 to 15"},
        {"holding 3 bits 0..16", "bits: not FIRST..LAST with numbers from 0 to 15"},
        {"holding 3 bit 2 signed", "signed: one bit has no sign"},
        {"holding 3 scale", "scale: not a number, or 0"},
        {"holding 3 scale 0", "scale: not a number, or 0"},
        {"holding 3 scale nan", "scale: not a number, or 0"},
        {"holding 3 offset inf", "offset: not a number"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct register_signal got = {.address = 77};
        const char *fault = registers_parse(rows[i].text, &got);
        cr_assert_not_null(fault, "%s", rows[i].text);
        cr_expect_str_eq(fault, rows[i].fault, "%s: %s", rows[i].text, fault);
        cr_expect_eq(got.address, 77, "untouched");
    }
}

Test(registers, neighbours_of_one_kind_are_read_together_and_nothing_else_with_them)
{
    const struct register_signal signals[] = {
        {.kind = REGISTER_HOLDING, .address = 8},  {.kind = REGISTER_HOLDING, .address = 7},
        {.kind = REGISTER_HOLDING, .address = 7},  {.kind = REGISTER_INPUT, .address = 9},
        {.kind = REGISTER_HOLDING, .address = 10}, {.kind = REGISTER_COIL, .address = 65535},
        {.kind = REGISTER_COIL, .address = 65534},
    };
    static const struct register_block expected[] = {{REGISTER_COIL, 65534, 2},
                                                     {REGISTER_HOLDING, 7, 2},
                                                     {REGISTER_HOLDING, 10, 1},
                                                     {REGISTER_INPUT, 9, 1}};
    struct register_block blocks[REGISTER_BLOCKS_MAX];
    cr_assert_eq(registers_plan(signals, sizeof signals / sizeof signals[0], blocks), 4);
    for (size_t i = 0; i < 4; i++)
        cr_expect(blocks[i].kind == expected[i].kind && blocks[i].address == expected[i].address &&
                      blocks[i].n == expected[i].n,
                  "%zu: kind %d, address %u, %u", i, blocks[i].kind, blocks[i].address, blocks[i].n);
}

Test(registers, a_request_has_its_limit_and_so_has_their_number)
{
    struct register_signal signals[REGISTERS_MAX] = {0};
    struct register_block blocks[REGISTER_BLOCKS_MAX];
    for (size_t i = 0; i < REGISTERS_MAX; i++)
        signals[i] = (struct register_signal){.kind = REGISTER_INPUT, .address = (uint16_t)(1000 + i)};
    cr_assert_eq(registers_plan(signals, REGISTERS_MAX, blocks), 3);
    cr_expect(blocks[0].n == 125 && blocks[1].n == 125 && blocks[2].n == 6);
    for (size_t i = 0; i < REGISTERS_MAX; i++)
        signals[i].address = (uint16_t)(2 * i);
    cr_expect_eq(registers_plan(signals, REGISTER_BLOCKS_MAX, blocks), REGISTER_BLOCKS_MAX);
    cr_expect_eq(registers_plan(signals, REGISTER_BLOCKS_MAX + 1, blocks), 0);
    cr_expect_eq(registers_plan(signals, 0, blocks), 0);
}

Test(registers, values_are_cut_out_signed_and_scaled)
{
    static const struct {
        const char *text;
        double expected;
    } rows[] = {
        {"holding 5", 0xA5F0},
        {"holding 5 signed", -23056},
        {"holding 5 bits 4..7", 15},
        {"holding 5 bits 4..7 signed", -1},
        {"holding 5 bit 15", 1},
        {"holding 5 bits 0..3 offset 2", 2},
        {"holding 6 scale 0.5 offset -40", -39.5},
    };
    const struct register_block block = {REGISTER_HOLDING, 5, 2};
    static const uint16_t words[] = {0xA5F0, 1};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct register_signal signal = {0};
        double value = 0;
        cr_assert_null(registers_parse(rows[i].text, &signal));
        cr_assert(registers_value(&signal, &block, words, &value), "%s", rows[i].text);
        cr_expect_float_eq(value, rows[i].expected, 1e-9, "%s: %f", rows[i].text, value);
    }
    static const char *const outside[] = {"holding 4", "holding 7", "input 5", "coil 5"};
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        struct register_signal signal = {0};
        double value;
        cr_assert_null(registers_parse(outside[i], &signal));
        cr_expect_not(registers_value(&signal, &block, words, &value), "%s", outside[i]);
    }
}

Test(registers, a_slave_is_named_by_its_line_and_unit)
{
    struct modbus_link link;
    cr_assert_null(modbus_link_parse("rtu:/dev/ttyUSB0 9600 8N1 unit 1", &link));
    cr_expect(!link.tcp && link.baud == 9600 && link.data_bits == 8 && link.parity == 'N' &&
              link.stop_bits == 1 && link.unit == 1);
    cr_expect_str_eq(link.device, "/dev/ttyUSB0");
    cr_assert_null(modbus_link_parse("tcp:192.168.1.5:502  unit 255", &link));
    cr_expect(link.tcp && link.port == 502 && link.unit == 255);
    cr_expect_str_eq(link.device, "192.168.1.5");
}

Test(registers, what_is_no_slave_is_refused)
{
    static const char *const texts[] = {
        "",
        "/dev/ttyUSB0",
        "rtu:",
        "rtu: 9600 8N1 unit 1",
        "rtu:/dev/a",
        "rtu:/dev/a 9601 8N1 unit 1",
        "rtu:/dev/a 9600 9N1 unit 1",
        "rtu:/dev/a 9600 8X1 unit 1",
        "rtu:/dev/a 9600 8N3 unit 1",
        "rtu:/dev/a 9600 8N1unit 1",
        "rtu:/dev/a 9600 8N1",
        "rtu:/dev/a 9600 8N1 unit",
        "rtu:/dev/a 9600 8N1 unit 0",
        "rtu:/dev/a 9600 8N1 unit 248",
        "rtu:/dev/a 9600 8N1 unit 1x",
        "rtu:/dev/a 9600 8N1 unit 1 2",
        "tcp:plc:502 unit 1",
        "tcp:::1:502 unit 1",
        "tcp:10.0.0.1 unit 1",
        "tcp:10.0.0.1: unit 1",
        "tcp:10.0.0.1:0 unit 1",
        "tcp:10.0.0.1:65536 unit 1",
        "tcp:10.0.0.1:502 unit 256",
        "tcp:10.0.0.1:502",
        "tcp:10.0.0.1:5020000000000000000000 unit 1",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct modbus_link link = {.unit = 77};
        cr_expect_not_null(modbus_link_parse(texts[i], &link), "%s", texts[i]);
        cr_expect_eq(link.unit, 77, "untouched");
    }
}
