# What is on this host that a run might leave behind: one line per thing, kind TAB name.
# Reads only, and starts few processes: on an emulated host each one takes a good part of a second.
# The last line says that all of it was looked at.
LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin:/usr/lib/xen/bin
export LC_ALL PATH
say() { printf '%s\t%s\n' "$1" "$2"; }

read -r boot </proc/sys/kernel/random/boot_id
say boot "$boot"
for link in /sys/class/net/*; do
  name=${link##*/}
  case $name in
  vif* | tap*) say vif "$name" ;;
  *) if [ -d "$link/bridge" ]; then say bridge "$name"; else say link "$name"; fi ;;
  esac
done
for file in /sys/block/loop*/loop/backing_file; do
  [ -r "$file" ] && read -r backing <"$file" || continue
  device=${file#/sys/block/}
  say 'loop device' "${device%%/*} $backing"
done
for place in /sys/bus/pci/drivers/pciback/*:*; do
  [ -e "$place" ] && say 'assignable function' "${place##*/}"
done
for folder in /var/lib/xenvm/runs/*; do
  [ -e "$folder" ] && say folder "$folder"
done
if command -v lvs >/dev/null; then
  lvs --noheadings --separator / -o vg_name,lv_name 2>/dev/null | while read -r volume; do
    say volume "$volume"
  done
fi
if command -v xl >/dev/null; then
  xl list 2>/dev/null | while read -r name id _; do
    [ "$id" = ID ] || say 'xen domain' "$name $id"
  done
fi
if command -v xenstore-ls >/dev/null; then
  # Domains, and their back ends; what a living domain keeps below them is its own affair.
  key='/local/domain/[0-9]+|/libxl/[0-9]+|/vm/[^/ ]+|/local/domain/0/backend/[^/]+/[0-9]+'
  xenstore-ls -f / 2>/dev/null | sed -n -E "s#^($key) = .*#xenstore\\t\\1#p"
fi
say end .
