unit_test(wire wire.c LIBS bw_proto)
unit_test(wire_alert wire_alert.c LIBS bw_proto)
unit_test(wire_licence wire_licence.c LIBS bw_proto m)
unit_test(wire_orders wire_orders.c LIBS bw_proto m)
