# What is on this host that a run might leave behind: one line per thing, kind TAB name.
# Reads only. The last line says that all of it was looked at.
LC_ALL=C
export LC_ALL
PATH=$PATH:/usr/sbin:/sbin:/usr/lib/xen/bin
say() { printf '%s\t%s\n' "$1" "$2"; }

say boot "$(cat /proc/sys/kernel/random/boot_id)"
for link in /sys/class/net/*; do
  name=${link##*/}
  case $name in
  vif* | tap*) say vif "$name" ;;
  *) if [ -d "$link/bridge" ]; then say bridge "$name"; else say link "$name"; fi ;;
  esac
done
for file in /sys/block/loop*/loop/backing_file; do
  [ -r "$file" ] || continue
  device=${file#/sys/block/}
  say 'loop device' "${device%%/*} $(cat "$file")"
done
if command -v lvs >/dev/null; then
  lvs --noheadings --separator / -o vg_name,lv_name 2>/dev/null | while read -r volume; do
    say volume "$volume"
  done
fi
for folder in /var/lib/xenvm/runs/*; do
  [ -e "$folder" ] && say folder "$folder"
done
if command -v xl >/dev/null; then
  xl list 2>/dev/null | while read -r name id _; do
    [ "$id" = ID ] || say 'xen domain' "$name $id"
  done
fi
if command -v xenstore-list >/dev/null; then
  for root in /local/domain /libxl /vm; do
    for key in $(xenstore-list "$root" 2>/dev/null); do say xenstore "$root/$key"; done
  done
  backend=/local/domain/0/backend
  for kind in $(xenstore-list "$backend" 2>/dev/null); do
    for id in $(xenstore-list "$backend/$kind" 2>/dev/null); do
      say xenstore "$backend/$kind/$id"
    done
  done
fi
say end .
