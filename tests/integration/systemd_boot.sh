# A small machine for the units: systemd as PID 1 on this system's own files, with what was staged on top of them. Whatever
# it writes goes to memory. Run in namespaces of its own:
#     unshare --mount --pid --uts --ipc --net --cgroup --fork bash systemd_boot.sh STAGE BASE
# STAGE: files that are laid over those of this system; BASE: an empty folder to build in.
set -eu
stage=$1 base=$2
mount --make-rprivate /
mount -t tmpfs tmpfs "$base"
mkdir "$base"/{top,work,root}
cp -a "$stage/." "$base/top"
mount -t overlay overlay -o "lowerdir=/,upperdir=$base/top,workdir=$base/work" "$base/root"
cd "$base/root"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
for folder in run tmp dev; do mount -t tmpfs tmpfs $folder; done
chmod 1777 tmp
for device in null zero full random urandom tty; do cp -a /dev/$device dev/; done
mkdir dev/pts dev/shm old
mount -t devpts -o newinstance,ptmxmode=0666,gid=5,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs tmpfs dev/shm
ip link set lo up
rm -rf etc/systemd/system # of this system's own units none is started
mkdir -p etc/systemd/system
cp -r "$stage"/etc/systemd/system/. etc/systemd/system 2>/dev/null || true
ln -s /dev/null etc/systemd/system/systemd-udevd.service
pivot_root . old
umount -l /old
bash /etc/buswarden/prepare
export container=test
exec /lib/systemd/systemd --system --unit=basic.target --log-level=notice --show-status=no
