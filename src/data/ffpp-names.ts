/** What a video's name says in FaceForensics++ (Rössler et al., ICCV 2019): `000` is a real video, `000_003` the face of 003 in video 000. */

/** Whose footage it is, and all whose face or footage is in it; null if it is no such name. */
export function peopleOf(
  video: string,
): { readonly target: string; readonly people: readonly string[] } | null {
  const [, target, source] = /^(\d{3})(?:_(\d{3}))?$/.exec(video) ?? [];
  if (target === undefined) return null;
  return { target, people: source === undefined ? [target] : [target, source] };
}
