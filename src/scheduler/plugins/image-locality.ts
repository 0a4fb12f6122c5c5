/** Prefers nodes that already have the pod's images. */
import { indifferent, plugin, SCORE_MAX } from "../plugin.ts";

const MIB = 1024 * 1024;
/** Images below this size in all do not matter. */
const IMAGE_BYTES_MIN = 23 * MIB;
/** Per container: more than this counts no further. */
const IMAGE_BYTES_MAX = 1000 * MIB;

export const imageLocality = plugin<readonly string[]>({
  name: "ImageLocality",
  weight: 1,
  prepare(pod) {
    const images = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].flatMap(({ image }) =>
      image ? [withTag(image)] : [],
    );
    return images.length === 0 ? indifferent : images;
  },
  score(wanted, { images }) {
    const present = images.filter(({ names = [] }) => names.some((name) => wanted.includes(name)));
    const bytes = present.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0);
    const most = IMAGE_BYTES_MAX * wanted.length;
    const counted = Math.min(Math.max(bytes, IMAGE_BYTES_MIN), most) - IMAGE_BYTES_MIN;
    return Math.floor((SCORE_MAX * counted) / (most - IMAGE_BYTES_MIN));
  },
  wakesOn: [],
});

const withTag = (image: string): string => (/[:@][^/]*$/.test(image) ? image : `${image}:latest`);
