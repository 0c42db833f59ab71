unit_test(uplink uplink.c LIBS bw_uplink)
unit_test(mqtt_acknowledged mqtt_acknowledged.c LIBS bw_mqtt)
