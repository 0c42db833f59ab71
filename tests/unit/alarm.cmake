unit_test(alarm alarm.c LIBS bw_alarm)
# In place of libgpiod there is a board of the test's own: its functions come before the library's.
unit_test(alarm_gpio alarm_gpio.c LIBS bw_alarm)
unit_test(alarm_command alarm_command.c LIBS bw_alarm)
set_tests_properties(unit.alarm_command PROPERTIES COST 40) # s: the longest comes first
