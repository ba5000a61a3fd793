# Prints what this Dom0 has for a domain that is to move: lines that begin with their kind.
# Arguments: bridge:NAME, file:PATH, disk:PATH. Reads only.
xl info
echo "named $(hostname)"
echo "machine-id $(cat /etc/machine-id 2>/dev/null)"

identity() { # PATH: what is the same on every host that reaches the same disk
	if [ -b "$1" ]; then
		id=$(udevadm info --query=property --name="$1" |
			sed -nE 's/^(DM_UUID|ID_WWN_WITH_EXTENSION|ID_WWN|ID_SERIAL)=(.+)/\1=\2/p' | sort | head -n 1)
		[ -z "$id" ] || printf '%s, %s bytes' "$id" "$(blockdev --getsize64 "$1")"
	else
		findmnt -n -o FSTYPE,SOURCE --target "$1" | grep -E '^(nfs|ceph|gluster|fuse|ocfs2|gfs2|cifs|lustre)' |
			tr -s ' ' && stat -c 'inode %i' "$1"
	fi
}

for word in "$@"; do
	name=${word#*:}
	case $word in
	bridge:*) [ ! -d "/sys/class/net/$name/bridge" ] || echo "bridge $name" ;;
	file:*) [ ! -r "$name" ] || echo "file $name" ;;
	disk:*) [ ! -e "$name" ] || printf 'disk %s\t%s\n' "$name" "$(identity "$name" | tr '\n' ' ')" ;;
	esac
done
:
