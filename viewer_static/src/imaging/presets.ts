/** A window in HU, chosen by a number key on CT. */
export interface WindowPreset {
  key: string;
  name: 'default' | 'brain' | 'stroke' | 'bone' | 'lung' | 'mediastinum' | 'abdomen';
  width: number;
  centre: number;
}

export const ctPresets: readonly WindowPreset[] = [
  { key: '1', name: 'brain', width: 80, centre: 40 },
  { key: '2', name: 'stroke', width: 40, centre: 35 },
  { key: '3', name: 'bone', width: 2500, centre: 500 },
  { key: '4', name: 'lung', width: 1500, centre: -600 },
  { key: '5', name: 'mediastinum', width: 400, centre: 40 },
  { key: '6', name: 'abdomen', width: 350, centre: 50 },
];
