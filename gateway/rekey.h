/* buswarden-gateway rekey: changes the key that the vehicle signs with. Returns an exit code. */
#ifndef BUSWARDEN_REKEY_H
#define BUSWARDEN_REKEY_H

int rekey_main(int argc, char **argv);

#endif
